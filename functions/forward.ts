import { createForward } from "../lib/app.ts";

/** `ANY /services/{service}/{path+}`: verify, decide, and make the call with a credential that the pod never sees. */
export const handler = createForward({ needsAudiences: true });
