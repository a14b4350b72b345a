import type { Rule } from "../../offline/api-gateway/rule.ts";
import { RULES, type RuleId } from "../../offline/api-gateway/rules.ts";
import type { Caller } from "./caller.ts";

/** Where it is said what AWS does. */
export type Source = Pick<Rule, "source" | "status">;

/** One call, and what comes of it on AWS, with serverless-offline alone, and with podgate's plugin. */
export interface Difference {
  /** Stable. */
  readonly id: string;
  /** What is called and looked at. */
  readonly compared: string;
  /** The rule of the twin that is about it, or a source of its own. */
  readonly source: RuleId | Source;
  /** Results, each as `probe` gives it. */
  readonly aws: string;
  readonly plain: string;
  /** Of what stays unfaithful only. @default as on AWS */
  readonly podgate?: string;
  /** Makes the call; an id of the caller in the result is shown as 7. */
  readonly probe: (caller: Caller) => Promise<string>;
}

/** A page of API Gateway's developer guide that says it. */
export function guide(page: string): Source {
  return { source: `https://docs.aws.amazon.com/apigateway/latest/developerguide/${page}.html`, status: "documented" };
}

/** A page of IAM's user guide that says it. */
export function iam(page: string): Source {
  return { source: `https://docs.aws.amazon.com/IAM/latest/UserGuide/${page}.html`, status: "documented" };
}

/** Somebody saw it of a real API. */
export function reported(source: string): Source {
  return { source, status: "reported" };
}

/** Bodies of a REST API's own answers, as somebody collected them. */
export const REPORTED_BODIES = reported(
  "https://dev.to/marcogrcr/api-gateway-lambda-authorizer-lambda-proxy-integration-failure-modes-52bc",
);

/** A behaviour that looks like a token with claims, which serverless-offline decodes: `allow.<claims>.<id>`. */
export const UNVERIFIED = `allow.${Buffer.from('{"sub":"admin"}').toString("base64url")}`;

export function sourceOf({ source }: Difference): Source {
  if (typeof source !== "string") return source;
  const rules: readonly Rule[] = RULES;
  const found = rules.find(({ id }) => id === source);
  if (found === undefined) throw new Error(`there is no rule ${source}`);
  return found;
}

export async function resultOf({ probe }: Difference, caller: Caller): Promise<string> {
  return (await probe(caller)).replaceAll(caller.id, "7");
}

/** What a probe looks at most: the status, and whether the authorizer was asked. */
export async function statusAndAsked(caller: Caller, { status }: { readonly status: number }): Promise<string> {
  const times = (await caller.events()).length;
  return `${status}, ${times === 0 ? "function not asked" : "function asked"}`;
}

/** The status of one call with a token of this behaviour. */
export function statusOf(path: string, behaviour: string): Difference["probe"] {
  return async (caller) => String((await caller.get(path, behaviour)).status);
}

/** Status and body of one call. */
export function answerTo(path: string, behaviour: string): Difference["probe"] {
  return async (caller) => {
    const { status, body } = await caller.get(path, behaviour);
    return `${status} ${body}`;
  };
}
