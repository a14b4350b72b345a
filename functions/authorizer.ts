import type { Context } from "aws-lambda";
import { createAuthorizer } from "../lib/app.ts";

const authorizer = createAuthorizer({ needsAudiences: false });

/** Lambda authorizer of REST, HTTP and WebSocket APIs. No middleware: an answer with `statusCode` would be a 500 there. */
export const handler = (event: unknown, context: Context) => authorizer.authorize(event, context);

// Lambda gives a start the whole processor, and a request a share of it.
await authorizer.prepare();
