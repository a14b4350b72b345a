import type { FoundReceiver } from "../decision/decide-access.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { ExternalService } from "../service/external-service.ts";

/**
 * What a token for a call of `forward` must be meant for: the gateway itself, on behalf of this service.
 *
 * @param name - as the caller wrote it; empty where the path names no service
 * @param audiences - the gateway's own
 */
export function serviceReceiver(
  name: string,
  service: ExternalService | undefined,
  audiences: readonly string[],
): FoundReceiver | Refusal {
  if (service === undefined) {
    const detail =
      name === ""
        ? "the path is not /services/<service>, so no service is named"
        : `there is no service document services/${name}; store one with its url and credential`;
    return refuse("SERVICE_UNKNOWN", detail);
  }
  return { receiver: { service: name, audiences, principals: service.principals }, document: service.document };
}
