import type { CallRequest } from "../../../offline/api-gateway/call-request.ts";
import type { AuthorizerKind } from "../../../offline/api-gateway/gateway-request.ts";
import { apiGateway, type TwinAnswer, type TwinOptions } from "../../../offline/api-gateway/twin.ts";
import { ManualClock } from "../../support/manual-clock.ts";

export const TOKEN = { Authorization: "Bearer a.b.c" } as const;

/** What an authorizer does: the answer that it returns, or a function of the event. */
export type Behaviour = (event: Readonly<Record<string, unknown>>) => unknown;

/** A twin that keeps nothing, at a time that stands still, and what it told. */
export function twinOf(kind: AuthorizerKind, behaviour: Behaviour, options: Partial<TwinOptions> = {}) {
  const clock = new ManualClock();
  const reported: string[] = [];
  const api = apiGateway({
    kind,
    ttl: 0,
    clock,
    authorizer: (event) => behaviour({ ...event }),
    report: (line) => reported.push(line),
    ...options,
  });
  /** A call of `/a` with a token, unless the request says otherwise. */
  const call = (request: Partial<CallRequest> = {}): Promise<TwinAnswer> =>
    api.call({ path: "/a", headers: TOKEN, ...request });
  return { api, call, clock, reported };
}

/** ARN of a call as this kind of API has it by default. */
export function arnOf(kind: AuthorizerKind, method = "GET", path = "/a"): string {
  const account = "arn:aws:execute-api:us-east-1:123456789012";
  if (kind === "websocket") return `${account}:offlinews/dev/$connect`;
  return kind.startsWith("rest")
    ? `${account}:offlinerest/dev/${method}${path}`
    : `${account}:offlinehttp/$default/${method}${path}`;
}

export function statement(Resource: string | readonly string[], more: object = {}): object {
  return { Effect: "Allow", Action: "execute-api:Invoke", Resource, ...more };
}

export function policy(...statements: object[]) {
  return { principalId: "p", policyDocument: { Version: "2012-10-17", Statement: statements } };
}

/** An answer that allows the API whatever is called, in the form of a policy. */
export function allowAll(kind: AuthorizerKind, more: object = {}) {
  const api = arnOf(kind).split("/").slice(0, 2).join("/");
  return { ...policy(statement(`${api}/*`)), ...more };
}

export function throwing(message: string): Behaviour {
  return () => {
    throw new Error(message);
  };
}

/** ARN that an event asks about, `methodArn` or `routeArn`. */
export function askedArn(event: Readonly<Record<string, unknown>>): string {
  return String(event["methodArn"] ?? event["routeArn"]);
}
