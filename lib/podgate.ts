import type { MiddlewareObj } from "@middy/core";
import { createApp } from "./app.ts";
import type { PodgateContext, RequirePodTokenOptions } from "./gateway/require-pod-token.ts";

export type { PodgateContext, RequirePodTokenOptions } from "./gateway/require-pod-token.ts";
export type { VerifiedIdentity } from "./token/token-verifier.ts";

/**
 * A middy middleware for a function behind an HTTP API, a REST API, a Function URL or an ALB: the handler runs for
 * allowed calls only, and `context.podgate` tells who calls. Settings come from the environment, as for podgate's own
 * functions; `PODGATE_AUDIENCES` is not needed, because the audiences are said here.
 * Throws `ConfigError` with every wrong setting or option.
 */
export function requirePodToken(
  options: RequirePodTokenOptions,
): MiddlewareObj<unknown, unknown, Error, PodgateContext> {
  return createApp({ needsAudiences: false }).requirePodToken(options);
}
