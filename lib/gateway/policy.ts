import { findRule } from "../permission/decide.ts";
import { type Access, METHODS, type Method, type Rule } from "../permission/permission.ts";
import type { PermissionSet } from "../permission/permission-set.ts";
import { matchesWildcard } from "../permission/wildcard.ts";
import { type ExecuteApiArn, stageArn } from "./execute-api-arn.ts";

export interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: "execute-api:Invoke";
  readonly Resource: readonly string[];
}

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** What a call is judged by: the ARN that API Gateway asked about, and what it means. */
export interface AskedCall {
  readonly arn: ExecuteApiArn;
  readonly access: Access;
  readonly websocket: boolean;
}

/** API Gateway, "Quotas": an authorizer's whole answer. */
export const MAX_ANSWER_BYTES = 8192;

/** API Gateway, "Quotas for REST APIs": characters of one `Resource` in an authorizer's answer. */
export const MAX_RESOURCE_CHARACTERS = 512;

const HTTP_METHODS = METHODS.filter((method) => method !== "CONNECT");

/** Bytes that `denyingAsked` adds to an answer at most. */
export const MAX_DENIAL_BYTES = MAX_RESOURCE_CHARACTERS + JSON.stringify(statement("Deny", [""])).length + 1;

/**
 * Everything that the caller may do on this API and stage, so that an answer which API Gateway keeps is right for
 * every other call with the same token too.
 */
export function wholePolicy(granted: PermissionSet, asked: AskedCall): PolicyDocument {
  const resources = (effect: "allow" | "deny") =>
    granted.documents.flatMap((document) => document[effect].flatMap((rule) => resourcesOf(rule, asked)));
  const allow = resources("allow");
  return policy(allow, allow.length === 0 ? [everyCall(asked.arn)] : resources("deny"));
}

/** The policy, and the asked call denied besides. */
export function denyingAsked({ Statement: statements }: PolicyDocument, arn: ExecuteApiArn): PolicyDocument {
  const resources = (effect: "Allow" | "Deny") =>
    statements.filter(({ Effect }) => Effect === effect).flatMap(({ Resource }) => Resource);
  return policy(resources("Allow"), [...resources("Deny"), askedAsDenied(arn)]);
}

/**
 * Whether the whole policy lets an allowed call pass in the spelling that API Gateway compares with it. REST APIs keep the
 * encoding of a path, and rules are about decoded ones: `/a b` does not cover `/a%20b`, but `/a*` does, and `/a?20b` too.
 */
export function isAllowedAsSent(granted: PermissionSet, { arn, access, websocket }: AskedCall): boolean {
  if (websocket || arn.operation === `${access.method}${access.path}`) return true;
  const asSent: Access = { ...access, path: arn.operation.slice(access.method.length) };
  return findRule(granted, "allow", asSent) !== undefined && findRule(granted, "deny", asSent) === undefined;
}

/** Nothing at all on this API and stage: for a caller who is nobody here. */
export function denyEverything(arn: ExecuteApiArn): PolicyDocument {
  return policy([], [everyCall(arn)]);
}

/** Whether a call can be allowed by its ARN: not where the ARN would be read as a pattern, or is too long. */
export function isNameable({ operation, text }: ExecuteApiArn): boolean {
  return !/[*?]|\$\{/.test(operation) && text.length <= MAX_RESOURCE_CHARACTERS;
}

/**
 * The asked call alone, for an API whose answers are not kept.
 *
 * @param refused - always where the call is not nameable
 */
export function askedCallOnly(arn: ExecuteApiArn, refused: boolean): PolicyDocument {
  return refused ? policy([], [askedAsDenied(arn)]) : policy([arn.text], []);
}

function resourcesOf(rule: Rule, { arn, access, websocket }: AskedCall): string[] {
  const stage = stageArn(arn);
  if (rule.service !== "*" && rule.service !== access.service) return [];
  if (websocket) {
    const isCovered = namesMethod(rule, "CONNECT") && rule.paths.some((path) => matchesWildcard(path, "/"));
    return isCovered ? [`${stage}/$connect`] : [];
  }
  const everyMethod = rule.methods.includes("*");
  const methods = everyMethod ? HTTP_METHODS : rule.methods.filter((method) => method !== "CONNECT");
  return rule.paths.flatMap((path) => {
    if (path !== "*") return methods.map((method) => `${stage}/${method}${path}`);
    // IAM's `*` crosses `/`: only where method and path are both free may one stand for both.
    return everyMethod ? [`${stage}/*`] : methods.map((method) => `${stage}/${method}/*`);
  });
}

function namesMethod({ methods }: Rule, method: Method): boolean {
  return methods.some((listed) => listed === "*" || listed === method);
}

function everyCall(arn: ExecuteApiArn): string {
  return `${stageArn(arn)}/*`;
}

/**
 * The asked ARN as a resource that matches it, though it may hold characters which a policy gives a meaning. Cut where it
 * would be too long, counted in bytes too: a path may hold characters that JSON writes as six.
 */
function askedAsDenied(arn: ExecuteApiArn): string {
  const resource = `${stageArn(arn)}/${arn.operation.replace(/[*?$]/g, "?")}`;
  if (jsonBytes(resource) <= MAX_RESOURCE_CHARACTERS) return resource;
  let cut = "";
  let bytes = 0;
  // By characters: half of a surrogate pair is none, and a resource that holds one may match nothing.
  for (const character of resource) {
    bytes += jsonBytes(character);
    if (bytes >= MAX_RESOURCE_CHARACTERS) break;
    cut += character;
  }
  return `${cut}*`;
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

function policy(allow: readonly string[], deny: readonly string[]): PolicyDocument {
  const statements = [statement("Allow", allow), statement("Deny", deny)];
  return { Version: "2012-10-17", Statement: statements.filter(({ Resource }) => Resource.length > 0) };
}

function statement(effect: "Allow" | "Deny", resources: readonly string[]): Statement {
  return { Effect: effect, Action: "execute-api:Invoke", Resource: [...new Set(resources)] };
}
