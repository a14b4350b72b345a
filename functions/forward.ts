import type { Context } from "aws-lambda";
import { createForward } from "../lib/app.ts";

const { forward, prepare } = createForward({ needsAudiences: true });

/** `ANY /services/{service}/{path+}`: verify, decide, and make the call with a credential that the pod never sees. */
export const handler = (event: unknown, context: Context) => forward(event, context);

await prepare();
