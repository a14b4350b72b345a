import type { Caller } from "./caller.ts";
import { type Difference, guide, REPORTED_BODIES, statusAndAsked } from "./difference.ts";
import { startStack } from "./stacks.ts";

/** Who is asked at all, and what is kept of the answer. */
export const ASKING: readonly Difference[] = [
  {
    id: "identity-missing-body",
    compared: "REST: no token is sent; the body",
    source: REPORTED_BODIES,
    aws: '401 {"message":"Unauthorized"}',
    plain: '401 {"statusCode":401,"error":"Unauthorized","message":"User is not authorized to access this resource"}',
    probe: async (caller) => {
      const { status, body } = await caller.send("/dev/token/{id}");
      return `${status} ${body}`;
    },
  },
  {
    id: "identity-empty",
    compared: "REST `REQUEST`: the token's header is empty",
    source: "identity-empty",
    aws: "401, function not asked",
    plain: "401, function asked",
    probe: async (caller) =>
      statusAndAsked(caller, await caller.send("/dev/request/{id}", { headers: ["Authorization", ""] })),
  },
  {
    id: "identity-empty-token",
    compared: "REST `TOKEN`: the token's header is empty",
    source: "identity-empty-token",
    aws: "401, function not asked",
    plain: "401, function asked",
    probe: async (caller) =>
      statusAndAsked(caller, await caller.send("/dev/token/{id}", { headers: ["Authorization", ""] })),
  },
  {
    id: "identity-second-missing",
    compared: "REST `REQUEST`: the second of two identity sources is missing",
    source: "identity-missing",
    aws: "401, function not asked",
    plain: "200, function asked",
    probe: async (caller) => statusAndAsked(caller, await caller.get("/dev/tenant/{id}", "allow")),
  },
  {
    id: "identity-second-missing-http",
    compared: "HTTP API: the second of two identity sources is missing",
    source: "identity-missing",
    aws: "401, function not asked",
    plain: "200, function asked",
    probe: async (caller) => statusAndAsked(caller, await caller.get("/tenants/{id}", "permit")),
  },
  {
    id: "validation-expression",
    compared: "REST `TOKEN`: the token does not match `identityValidationExpression`",
    source: "validation-expression",
    aws: "401, function not asked",
    plain: "401, function asked",
    probe: async (caller) =>
      statusAndAsked(caller, await caller.send("/dev/checked/{id}", { headers: ["Authorization", "Basic YTpi"] })),
  },
  {
    id: "arn-length",
    compared: "REST: a path that makes the ARN longer than 1,600 bytes",
    source: "arn-length",
    aws: "414, function not asked",
    plain: "200, function asked",
    probe: async (caller) => statusAndAsked(caller, await caller.get(`/dev/token/${"x".repeat(1600)}`, "allow")),
  },
  {
    id: "kept",
    compared: "REST `TOKEN` where no TTL is said: two calls with one token",
    source: "cache-ttl-default-rest",
    aws: "function asked once",
    plain: "function asked twice",
    probe: (caller) => timesAsked(caller, "/dev/kept/{id}", "/dev/kept/{id}", "environment"),
  },
  {
    id: "kept-refusal",
    compared: "REST `TOKEN`: two calls that a policy denies",
    source: "cache-refusals",
    aws: "function asked once",
    plain: "function asked twice",
    probe: (caller) => timesAsked(caller, "/dev/kept/{id}", "/dev/kept/{id}", "no-match"),
  },
  {
    id: "kept-simple",
    compared: "HTTP API, simple answers, TTL 300: one token on two routes",
    source: "cache-simple",
    aws: "function asked once",
    plain: "function asked twice",
    probe: (caller) => timesAsked(caller, "/simple-kept/{id}", "/simple-kept/{id}/more", "permit"),
  },
  {
    id: "identity-context",
    compared: "HTTP API: `$context.httpMethod` is the first of the identity sources",
    source: guide("http-api-lambda-authorizer"),
    aws: "it starts",
    plain: "it does not start",
    probe: async ({ stack: { kind } }) => {
      try {
        await using other = await startStack(kind, "context-source.yml");
        return other.kind === kind ? "it starts" : "";
      } catch {
        return "it does not start";
      }
    },
  },
];

async function timesAsked(caller: Caller, first: string, second: string, behaviour: string) {
  await caller.get(first, behaviour);
  await caller.get(second, behaviour);
  const times = (await caller.events()).length;
  return `function asked ${["never", "once", "twice"][times]}`;
}
