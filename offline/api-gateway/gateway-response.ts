import { type GatewayRequest, isHttpApi } from "./gateway-request.ts";

/** Why a call does not reach its integration. */
export type Rejection =
  | "arn-too-long"
  | "identity-missing"
  | "unauthorized"
  | "explicit-deny"
  | "not-allowed"
  | "function-failed"
  | "answer-invalid";

/** What API Gateway answers in place of the integration. */
export interface GatewayResponse {
  readonly status: 401 | 403 | 414 | 500;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Answers of REST and WebSocket APIs; one word, `Message`, is capital in the two of ACCESS_DENIED (API Gateway developer
 * guide, "Gateway response types"; bodies and error types as users report them).
 */
const REST = {
  "arn-too-long": { status: 414, type: undefined, body: { message: "Request URI too long" } },
  "identity-missing": { status: 401, type: "UnauthorizedException", body: { message: "Unauthorized" } },
  unauthorized: { status: 401, type: "UnauthorizedException", body: { message: "Unauthorized" } },
  "explicit-deny": {
    status: 403,
    type: "AccessDeniedException",
    body: { Message: "User is not authorized to access this resource with an explicit deny" },
  },
  "not-allowed": {
    status: 403,
    type: "AccessDeniedException",
    body: { Message: "User is not authorized to access this resource" },
  },
  "function-failed": { status: 500, type: "AuthorizerFailureException", body: { message: null } },
  "answer-invalid": { status: 500, type: "AuthorizerConfigurationException", body: { message: null } },
} as const satisfies Record<Rejection, unknown>;

/** Answers of HTTP APIs. 401 has one cause only: a missing identity source. */
const HTTP = {
  "identity-missing": { status: 401, body: { message: "Unauthorized" } },
  unauthorized: { status: 500, body: { message: "Internal Server Error" } },
  "explicit-deny": { status: 403, body: { message: "Forbidden" } },
  "not-allowed": { status: 403, body: { message: "Forbidden" } },
  "function-failed": { status: 500, body: { message: "Internal Server Error" } },
  "answer-invalid": { status: 500, body: { message: "Internal Server Error" } },
} as const satisfies Record<Exclude<Rejection, "arn-too-long">, unknown>;

/** The answer of an API of this kind; what a thrown `Unauthorized` is worth may be set where AWS does not say it. */
export function rejectionResponse(
  { kind, settings }: Pick<GatewayRequest, "kind" | "settings">,
  rejection: Rejection,
): GatewayResponse {
  // Only methods of REST APIs have that limit.
  if (isHttpApi(kind) && rejection !== "arn-too-long") {
    const as401 = rejection === "unauthorized" && settings.httpApiThrownUnauthorized === 401;
    const { status, body } = HTTP[as401 ? "identity-missing" : rejection];
    return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  }
  const { status, type, body } = REST[rejection];
  return {
    status,
    headers: { "content-type": "application/json", ...(type !== undefined && { "x-amzn-errortype": type }) },
    body: JSON.stringify(body),
  };
}
