import middy from "@middy/core";
import { createApp, startCold } from "../lib/app.ts";
import { httpAnswer } from "../lib/gateway/http-answer.ts";
import type { PodgateContext } from "../lib/gateway/require-pod-token.ts";
import { describeCaller } from "../lib/gateway/whoami.ts";

const app = await startCold((ssm) => createApp({ needsAudiences: true, ssm }));

/** `GET /whoami`: who am I, and what may I call? For any verified caller, whatever is denied. */
export const handler = middy()
  .use(app.requirePodToken({ service: false, audiences: app.config.audiences }))
  .handler(async (_event: unknown, { podgate: { identity } }: PodgateContext) => {
    const granted = await app.permissions.find(identity, identity.group);
    return httpAnswer(200, describeCaller(identity, granted), {}, false);
  });
