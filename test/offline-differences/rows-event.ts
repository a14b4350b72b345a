import type { AskedEvent, Caller } from "./caller.ts";
import { type Difference, guide } from "./difference.ts";

const REST_INPUT = guide("api-gateway-lambda-authorizer-input");
const HTTP_INPUT = guide("http-api-lambda-authorizer");

/** What the authorizer is given. */
export const EVENT: readonly Difference[] = [
  {
    id: "event-token",
    compared: "REST `TOKEN`: the members of the event",
    source: "event-token",
    aws: "authorizationToken, methodArn, type",
    plain: "authorizationToken, methodArn, type and 12 more",
    probe: async (caller) => {
      const names = Object.keys(await eventOf(caller, "/dev/token/{id}"));
      const expected = ["authorizationToken", "methodArn", "type"].filter((name) => names.includes(name));
      const more = names.length - expected.length;
      return `${expected.join(", ")}${more === 0 ? "" : ` and ${more} more`}`;
    },
  },
  {
    id: "event-request",
    compared: "REST `REQUEST`: does the event have `version`, `authorizationToken`, `identitySource`?",
    source: REST_INPUT,
    aws: "none of them",
    plain: "version, authorizationToken, identitySource",
    probe: async (caller) => {
      const event = await eventOf(caller, "/dev/request/{id}");
      const had = ["version", "authorizationToken", "identitySource"].filter((name) => Object.hasOwn(event, name));
      return had.join(", ") || "none of them";
    },
  },
  {
    id: "event-source-ip",
    compared: "REST `REQUEST`: the caller's address, `requestContext.identity.sourceIp`",
    source: REST_INPUT,
    aws: "127.0.0.1",
    plain: "absent",
    probe: async (caller) => {
      const { requestContext } = await eventOf(caller, "/dev/request/{id}");
      const identity = requestContext?.["identity"] as { sourceIp?: string } | undefined;
      return identity?.sourceIp ?? "absent";
    },
  },
  {
    id: "event-http-source-ip",
    compared: "HTTP API 2.0: the caller's address, `requestContext.http.sourceIp`",
    source: HTTP_INPUT,
    aws: "127.0.0.1",
    plain: "absent",
    probe: async (caller) =>
      String((await eventOf(caller, "/simple/{id}", "permit")).requestContext?.http?.["sourceIp"] ?? "absent"),
  },
  {
    id: "event-http-path",
    compared: "HTTP API 2.0: `requestContext.http.path`",
    source: HTTP_INPUT,
    aws: "/simple/7",
    plain: "/simple/{id}",
    probe: async (caller) =>
      String((await eventOf(caller, "/simple/{id}", "permit")).requestContext?.http?.["path"] ?? "absent"),
  },
  {
    id: "arn-real-path",
    compared: "REST: the ARN's method and path",
    source: "arn-real-path",
    aws: "GET/token/7",
    plain: "GET/token/{id}",
    probe: async (caller) =>
      arnOf(await eventOf(caller, "/dev/token/{id}"))
        .split("/")
        .slice(2)
        .join("/"),
  },
  {
    id: "arn-account",
    compared: "REST: the ARN's account",
    source: guide("api-gateway-control-access-using-iam-policies-to-invoke-api"),
    aws: "12 digits",
    plain: "random-account-id",
    probe: async (caller) => {
      const account = arnOf(await eventOf(caller, "/dev/token/{id}")).split(":")[4] ?? "";
      return /^[0-9]{12}$/.test(account) ? "12 digits" : account;
    },
  },
  {
    id: "arn-default-stage",
    compared: "HTTP API: the ARN's stage",
    source: "arn-default-stage",
    aws: "$default",
    plain: "dev",
    probe: async (caller) => arnOf(await eventOf(caller, "/simple/{id}", "permit")).split("/")[1] ?? "",
  },
  {
    id: "event-headers-lower-case",
    compared: "HTTP API 2.0: the header sent as `X-Probe`",
    source: "event-headers-lower-case",
    aws: "x-probe",
    plain: "X-Probe",
    probe: async (caller) => {
      const { headers = {} } = await eventOf(caller, "/simple/{id}", "permit");
      return Object.keys(headers)
        .filter((name) => name.toLowerCase() === "x-probe")
        .join(", ");
    },
  },
  {
    id: "event-identity-sources",
    compared: "HTTP API 2.0: `identitySource` of two identity sources",
    source: HTTP_INPUT,
    aws: "Bearer permit.7, one",
    plain: "Bearer permit.7",
    probe: async (caller) => {
      await caller.get("/tenants/{id}", "permit", { headers: ["X-Tenant", "one"] });
      const { identitySource } = await caller.event();
      return Array.isArray(identitySource) ? identitySource.join(", ") : String(identitySource);
    },
  },
  {
    id: "event-repeated-header",
    compared: "HTTP API 2.0: a header that is sent twice",
    source: "event-headers-lower-case",
    aws: "one,two",
    plain: "two",
    probe: async (caller) => {
      await caller.get("/simple/{id}", "permit", { headers: ["X-Part", "one", "X-Part", "two"] });
      const { headers = {} } = await caller.event();
      return headers["x-part"] ?? headers["X-Part"] ?? "absent";
    },
  },
  {
    id: "event-cookies",
    compared: "HTTP API 2.0: a cookie",
    source: HTTP_INPUT,
    aws: "in cookies",
    plain: "in headers",
    probe: async (caller) => {
      await caller.get("/simple/{id}", "permit", { headers: ["Cookie", "a=1"] });
      const { cookies, headers = {} } = await caller.event();
      const isHeader = Object.keys(headers).some((name) => name.toLowerCase() === "cookie");
      return [...(cookies === undefined ? [] : ["in cookies"]), ...(isHeader ? ["in headers"] : [])].join(", ");
    },
  },
];

async function eventOf(caller: Caller, path: string, behaviour = "allow"): Promise<AskedEvent> {
  await caller.get(path, behaviour);
  return caller.event();
}

function arnOf({ methodArn, routeArn }: AskedEvent): string {
  return methodArn ?? routeArn ?? "";
}
