import type { Context } from "aws-lambda";
import { createApp } from "../lib/app.ts";

const app = createApp({ needsAudiences: false });

/** Lambda authorizer of REST, HTTP and WebSocket APIs. No middleware: an answer with `statusCode` would be a 500 there. */
export const handler = (event: unknown, context: Context) => app.authorize(event, context);
