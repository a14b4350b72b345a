import type { Context } from "aws-lambda";
import { createAuthorizer, startCold } from "../lib/app.ts";

const { authorize } = await startCold((ssm) => createAuthorizer({ needsAudiences: false, ssm }));

/** Lambda authorizer of REST, HTTP and WebSocket APIs. No middleware: an answer with `statusCode` would be a 500 there. */
export const handler = (event: unknown, context: Context) => authorize(event, context);
