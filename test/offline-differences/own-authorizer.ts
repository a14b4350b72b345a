import { apiGateway, type TwinOptions } from "../../offline/api-gateway/twin.ts";
import {
  type AskedCall,
  arnOf,
  http1Event,
  http2Event,
  restRequestEvent,
  restTokenEvent,
  websocketEvent,
} from "../support/authorizer-events.ts";
import type { CallResult, RunningFunction } from "../support/built-function.ts";
import { auditLines, gatewayStatus } from "../support/verdict.ts";

/** What becomes of a call: the status that its caller gets, and the code in the authorizer's log. */
export interface Verdict {
  readonly status: number;
  /** Absent where the authorizer was not asked. */
  readonly code: string | undefined;
}

/** A way in which podgate's authorizer is attached to an API. */
export interface Attachment {
  readonly attached: string;
  readonly apiId: string;
  /** Its event as AWS documents it, written without the twin. */
  readonly eventOf: (asked: AskedCall) => object;
  readonly twin: Pick<TwinOptions, "kind" | "enableSimpleResponses" | "identitySource">;
}

const CALL_OF_HTTP_API = ["$request.header.Authorization", "$context.httpMethod", "$context.path"];

/** Every one but WebSocket. The identity sources are those that docs/first-cluster.md asks for. */
export const ATTACHMENTS: readonly Attachment[] = [
  { attached: "REST, TOKEN", apiId: "offlinerest", eventOf: restTokenEvent, twin: { kind: "rest-token" } },
  { attached: "REST, REQUEST", apiId: "offlinerest", eventOf: restRequestEvent, twin: { kind: "rest-request" } },
  { attached: "HTTP, payload 1.0", apiId: "offlinehttp", eventOf: http1Event, twin: { kind: "http-1.0" } },
  {
    attached: "HTTP, payload 2.0 simple",
    apiId: "offlinehttp",
    eventOf: http2Event,
    twin: { kind: "http-2.0", enableSimpleResponses: true, identitySource: CALL_OF_HTTP_API },
  },
  { attached: "HTTP, payload 2.0 policy", apiId: "policyhttp", eventOf: http2Event, twin: { kind: "http-2.0" } },
];

export const WEBSOCKET: Attachment = {
  attached: "WebSocket, $connect",
  apiId: "offlinews",
  eventOf: websocketEvent,
  twin: { kind: "websocket" },
};

/** Calls the function as Lambda would be called, and reads its answer as the tests of the authorizer do. */
export async function askDirectly(
  authorizer: RunningFunction,
  { apiId, eventOf, twin }: Attachment,
  asked: AskedCall,
): Promise<Verdict> {
  const call = { apiId, ...asked };
  const result = await authorizer.call(eventOf(call));
  const arn = twin.kind === "websocket" ? arnOf(call).replace(/\/GET\/.*$/, "/$connect") : arnOf(call);
  return { status: gatewayStatus(result, arn), code: codeOf(result) };
}

/** An API behind which the function is the authorizer; `ttl` seconds of kept answers. */
export function twinOf(authorizer: RunningFunction, { apiId, twin }: Attachment, asked: AskedCall = {}, ttl = 0) {
  const { account, region } = asked;
  let result: CallResult | undefined;
  const api = apiGateway({
    ...twin,
    apiId: asked.apiId ?? apiId,
    stage: "dev",
    ...(account !== undefined && { account }),
    ...(region !== undefined && { region }),
    ...(twin.kind !== "websocket" && { ttl }),
    authorizer: async (event) => {
      result = await authorizer.call(event);
      if (result.error !== undefined) throw new Error(result.error.message);
      return result.answer;
    },
  });
  return async ({ authorization, method = "GET", path = "/v1/orders" }: AskedCall): Promise<Verdict> => {
    result = undefined;
    const headers: [string, string][] = authorization === undefined ? [] : [["Authorization", authorization]];
    const { status, asked } = await api.call({ method, path, headers });
    return { status, code: asked && result !== undefined ? codeOf(result) : undefined };
  };
}

function codeOf({ lines }: CallResult): string | undefined {
  return auditLines(lines).at(-1)?.code;
}
