import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { provider } from "../../../offline/api-gateway/authentication-provider.ts";
import type { HapiRequest } from "../../../offline/api-gateway/hapi-request.ts";

/** What a function does with an event. */
export type Respond = (response: ServerResponse, event: Record<string, unknown>) => void;

/** The Lambda API as serverless-offline serves it. */
export interface LambdaApi extends AsyncDisposable {
  readonly url: string;
  /** What every function does from now on. */
  respond: Respond;
  /** Every invocation since it was emptied. */
  asked: { path: string | undefined; event: Record<string, unknown> }[];
}

export async function startLambdaApi(): Promise<LambdaApi> {
  const server = createServer(async (request, response) => {
    const event: Record<string, unknown> = JSON.parse(await text(request));
    api.asked.push({ path: request.url, event });
    api.respond(response, event);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const api: LambdaApi = {
    url: `http://127.0.0.1:${port}`,
    respond: (response) => response.end(),
    asked: [],
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return api;
}

export const returns =
  (value: unknown): Respond =>
  (response) =>
    response.end(JSON.stringify(value));

export const throws =
  (errorMessage: string): Respond =>
  (response) => {
    response.setHeader("X-Amz-Function-Error", "Unhandled");
    response.end(JSON.stringify({ errorMessage, errorType: "Error" }));
  };

/** What the tests' service says of its HTTP API. */
export const HTTP_API_AUTHORIZERS = {
  simple: {
    type: "request",
    functionName: "authorizer",
    enableSimpleResponses: true,
    identitySource: ["$request.header.Authorization"],
  },
  kept: {
    type: "request",
    functionName: "authorizer",
    identitySource: ["$request.header.Authorization"],
    resultTtlInSeconds: 60,
  },
};

export function hapiRequest(url: string, rawHeaders: string[] = ["Authorization", "Bearer a.b.c"]): HapiRequest {
  return {
    method: "get",
    params: { proxy: "orders/7" },
    headers: Object.fromEntries(
      rawHeaders.flatMap((name, i) => (i % 2 ? [] : [[name.toLowerCase(), rawHeaders[i + 1]]])),
    ),
    info: { id: "request-1", received: 0, remoteAddress: "127.0.0.1" },
    raw: { req: { url, rawHeaders } },
  };
}

/** hapi's toolkit, as far as the provider uses it; what it makes is what hapi would send or hand on. */
export function toolkit() {
  const sent: { status?: number; headers: Record<string, string>; body: string } = { headers: {}, body: "" };
  const response = {
    code: (status: number) => {
      sent.status = status;
      return response;
    },
    header: (name: string, value: string) => {
      sent.headers[name] = value;
      return response;
    },
    takeover: () => sent,
  };
  return {
    continue: Symbol("continue"),
    authenticated: (data: { credentials: object }) => data,
    response: (body: string) => {
      sent.body = body;
      return response;
    },
  };
}

export const rest = () => provider({ authorizer: "authorizer" }, "orders", "ANY", "/v1/{proxy+}");
export const http = () =>
  provider({ authorizer: { name: "simple" }, isHttpApi: true }, "orders", "ANY", "/v1/{proxy+}");
export const open = () => provider({}, "whoami", "GET", "/whoami");
export const authenticate = (scheme: ReturnType<typeof provider>, request: HapiRequest) =>
  scheme.getAuthenticateFunction().authenticate(request, toolkit());

export const allowAll = {
  principalId: "dev/payments/billing",
  policyDocument: { Statement: { Effect: "Allow", Action: "*", Resource: "*" } },
  context: { principal: "dev/payments/billing", expiresAt: 5 },
};
