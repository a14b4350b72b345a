import middy from "@middy/core";
import type { PodgateContext } from "../../lib/gateway/require-pod-token.ts";
import { isJsonObject } from "../../lib/json.ts";
import { requirePodToken } from "../../lib/podgate.ts";

/** A function as the package's users write it: it is called for allowed calls only and knows who calls. */
export const handler = middy()
  .use(
    requirePodToken({
      service: "orders",
      audiences: ["orders.example.com"],
      principals: ["*/payments/*", "dev/shop/*"],
    }),
  )
  .handler(async (event: unknown, { podgate }: PodgateContext) => {
    const body = JSON.stringify({ caller: podgate.identity.principal });
    // An ALB takes its answer in the map that it sent.
    return isJsonObject(event) && event["headers"] === undefined
      ? { statusCode: 200, multiValueHeaders: { "X-Orders": ["yes"] }, body }
      : { statusCode: 200, headers: { "X-Orders": "yes" }, body };
  });
