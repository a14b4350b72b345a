import type { GatewayRequest } from "./gateway-request.ts";
import { http1Event, http2Event } from "./http-api-events.ts";
import { restRequestEvent, restTokenEvent } from "./rest-events.ts";
import { websocketEvent } from "./websocket-event.ts";

/**
 * The event that API Gateway sends to the authorizer of this kind for this request.
 *
 * @param identity - values of the identity sources, in their order, none of them empty
 */
export function authorizerEvent(request: GatewayRequest, identity: readonly string[]): Record<string, unknown> {
  switch (request.kind) {
    case "rest-token":
      return restTokenEvent(request, identity[0] ?? "");
    case "rest-request":
      return restRequestEvent(request);
    case "http-1.0":
      return http1Event(request, identity);
    case "http-2.0":
      return http2Event(request, identity);
    case "websocket":
      return websocketEvent(request);
  }
}
