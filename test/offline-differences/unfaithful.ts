import { vi } from "vitest";
import type { Caller } from "./caller.ts";
import { type Difference, guide, statusAndAsked, statusOf, UNVERIFIED } from "./difference.ts";

/** What stays as serverless-offline has it, because the plugin cannot reach it. */
export const UNFAITHFUL: readonly Difference[] = [
  {
    id: "websocket-throw",
    compared: "WebSocket `$connect`: the authorizer throws `Unauthorized`",
    source: "thrown-unauthorized-connect",
    aws: "401",
    plain: "500",
    podgate: "500",
    probe: async (caller) => String((await caller.connect("unauthorized")).status),
  },
  {
    id: "websocket-identity",
    compared: "WebSocket `$connect`: no token is sent",
    source: "identity-missing",
    aws: "401, function not asked",
    plain: "500, function asked",
    podgate: "500, function asked",
    probe: async (caller) => statusAndAsked(caller, await caller.connect(undefined)),
  },
  {
    id: "websocket-action",
    compared: "WebSocket `$connect`: the policy allows `s3:GetObject` on everything",
    source: "policy-implicit-deny",
    aws: "403",
    plain: "101",
    podgate: "101",
    probe: async (caller) => String((await caller.connect("other-action")).status),
  },
  {
    id: "websocket-arn",
    compared: "WebSocket `$connect`: account, API and stage in the ARN",
    source: "arn-connect",
    aws: "those of the API",
    plain: "undefined:private/local",
    podgate: "undefined:private/local",
    probe: async (caller) => {
      await caller.connect("allow");
      const { methodArn = "" } = await caller.event();
      return methodArn.split(":").slice(4).join(":").split("/").slice(0, 2).join("/");
    },
  },
  {
    id: "http-jwt",
    compared: "HTTP API: the claims of a token that nobody verified, in `requestContext.authorizer.jwt`",
    source: guide("http-api-develop-integrations-lambda"),
    aws: "absent",
    plain: "there",
    podgate: "there",
    probe: async (caller) => {
      const { body } = await caller.get("/policy/{id}", UNVERIFIED);
      return body.includes('"jwt":{"claims":{"sub":"admin"}}') ? "there" : "absent";
    },
  },
  {
    id: "no-route-http",
    compared: "HTTP API: a path without a route",
    source: guide("http-api-develop-routes"),
    aws: '404 {"message":"Not Found"}',
    plain: "404 with a list of all routes",
    podgate: "404 with a list of all routes",
    probe: (caller) => noRoute(caller, "/nowhere"),
  },
  {
    id: "no-route-rest",
    compared: "REST: a path without a resource",
    source: guide("supported-gateway-response-types"),
    aws: '403 {"message":"Missing Authentication Token"}',
    plain: "404 with a list of all routes",
    podgate: "404 with a list of all routes",
    probe: (caller) => noRoute(caller, "/dev/nowhere"),
  },
  {
    id: "head",
    compared: "REST: `HEAD` where there is a `GET` only",
    source: guide("supported-gateway-response-types"),
    aws: "403",
    plain: "200",
    podgate: "200",
    probe: async (caller) => String((await caller.get("/dev/request/{id}", "allow", { method: "HEAD" })).status),
  },
  {
    id: "options",
    compared: "REST: `OPTIONS` of a route with any method, with a token that is allowed",
    source: guide("api-gateway-set-up-simple-proxy"),
    aws: "200, function asked",
    plain: "404, function not asked",
    podgate: "404, function not asked",
    probe: async (caller) =>
      statusAndAsked(caller, await caller.get("/dev/token/{id}", "allow", { method: "OPTIONS" })),
  },
  {
    id: "dot-segments",
    compared: "REST: `/token/x/../7` where there is only `/token/{id}`",
    source: { ...guide("api-gateway-known-issues"), status: "unverified" },
    aws: "403",
    plain: "200",
    podgate: "200",
    probe: statusOf("/dev/token/x/../{id}", "allow"),
  },
  {
    id: "gateway-response",
    compared: "REST: a gateway response in `resources` gives every 401 a `WWW-Authenticate`",
    source: guide("api-gateway-gatewayResponse-definition"),
    aws: "there",
    plain: "absent",
    podgate: "absent",
    probe: async (caller) => {
      const { headers } = await caller.send("/dev/token/{id}");
      return headers["www-authenticate"] === "Bearer" ? "there" : "absent";
    },
  },
  {
    id: "integration-account",
    compared: "REST and HTTP API: `requestContext.accountId` and `apiId`, as the integration gets them",
    source: guide("set-up-lambda-proxy-integrations"),
    aws: "those of the API",
    plain: "offlineContext_accountId, offlineContext_apiId",
    podgate: "offlineContext_accountId, offlineContext_apiId",
    probe: async (caller) => {
      const answers = [await caller.get("/dev/token/{id}", "allow"), await caller.get("/policy/{id}", "allow")];
      const seen = answers.map((answer) => answer.json().requestContext);
      return [...new Set(seen.map(({ accountId, apiId }) => `${accountId}, ${apiId}`))].join("; ");
    },
  },
  {
    id: "integration-identity",
    compared: "REST: `user` and `cognitoIdentityId` in `requestContext.identity`, as the integration gets them",
    source: guide("set-up-lambda-proxy-integrations"),
    aws: "null, null",
    plain: "offlineContext_user, offlineContext_cognitoIdentityId",
    podgate: "offlineContext_user, offlineContext_cognitoIdentityId",
    probe: async (caller) => {
      const { identity } = (await caller.get("/dev/token/{id}", "allow")).json().requestContext;
      return `${identity?.["user"]}, ${identity?.["cognitoIdentityId"]}`;
    },
  },
  {
    id: "integration-stage",
    compared: "REST: does the stage lead `requestContext.path` and `resourcePath`, as the integration gets them?",
    source: "paths-rest",
    aws: "yes, no",
    plain: "no, yes",
    podgate: "no, yes",
    probe: async (caller) => {
      const { path, resourcePath } = (await caller.get("/dev/token/{id}", "allow")).json().requestContext;
      return [path, resourcePath].map((text) => (text?.startsWith("/dev/") ? "yes" : "no")).join(", ");
    },
  },
  {
    id: "integration-payload-1",
    compared: "HTTP API: `version` and `resource` of payload 1.0, as the integration gets them",
    source: guide("http-api-develop-integrations-lambda"),
    aws: "1.0, /payload-1/{id}",
    plain: "absent, GET /payload-1/{id}",
    podgate: "absent, GET /payload-1/{id}",
    probe: async (caller) => {
      const { version = "absent", resource } = (await caller.get("/payload-1/{id}", "allow")).json();
      return `${version}, ${resource}`;
    },
  },
  {
    id: "callback-handler",
    compared: "runtime `nodejs24.x`: the authorizer is a function with a callback, and allows",
    source: { source: "https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html", status: "documented" },
    aws: "500",
    plain: "200",
    podgate: "200",
    probe: statusOf("/dev/callback/{id}", "allow"),
  },
  {
    id: "idle-environment",
    compared: "a function that was idle for `terminateIdleLambdaTime` (60 s unless set): are its caches still there?",
    source: {
      source: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html",
      status: "unverified",
    },
    aws: "mostly",
    plain: "no",
    podgate: "no",
    probe: async (caller) => {
      const first = await environmentOf(caller);
      // Each look keeps the environment from being idle, so they are further apart than its longest idle time here, 2 s.
      const look = { interval: 2500, timeout: 15_000 };
      const gone = await vi.waitUntil(async () => (await environmentOf(caller)) !== first, look);
      return gone ? "no" : "yes";
    },
  },
];

async function noRoute(caller: Caller, path: string): Promise<string> {
  const { status, body } = await caller.send(path);
  return body.includes("existingRoutes") ? `${status} with a list of all routes` : `${status} ${body}`;
}

/** The execution environment of the authorizer that answered. */
async function environmentOf(caller: Caller): Promise<unknown> {
  const { requestContext } = (await caller.get("/dev/token/{id}", "environment")).json();
  return requestContext.authorizer?.["environment"];
}
