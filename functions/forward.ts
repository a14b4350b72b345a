import type { Context } from "aws-lambda";
import { createForward, startCold } from "../lib/app.ts";

const { forward } = await startCold((ssm) => createForward({ needsAudiences: true, ssm }));

/** `ANY /services/{service}/{path+}`: verify, decide, and make the call with a credential that the pod never sees. */
export const handler = (event: unknown, context: Context) => forward(event, context);
