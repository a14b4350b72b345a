import { isRecord } from "./json.ts";

/**
 * What AWS documents nowhere, so what somebody who measured it may set. The rules table says of each what is known.
 * Defaults are the answer that refuses more, or what emulators and reports agree on.
 */
export interface GatewaySettings {
  /** Status of a thrown `Unauthorized` of an HTTP API's authorizer. @default 500 */
  readonly httpApiThrownUnauthorized: 500 | 401;
  /** Which value of an identity source sent twice counts at REST and WebSocket APIs; HTTP APIs join. @default "last" */
  readonly repeatedIdentity: "last" | "first" | "joined";
  /** An empty token header of a REST `TOKEN` authorizer: 401, or the function is asked. @default "unauthorized" */
  readonly emptyTokenHeader: "unauthorized" | "asked";
  /** Whether the ARN of a REST call holds the path as sent, or decoded. @default "encoded" */
  readonly restArnPath: "encoded" | "decoded";
  /** Whether the ARN of an HTTP API's call holds the path decoded, or as sent. @default "decoded" */
  readonly httpApiArnPath: "decoded" | "encoded";
  /** What of a token `identityValidationExpression` has to match: any part of it, or the whole. @default "part" */
  readonly validationMatch: "part" | "whole";
  /** Whether a `Condition` of an authorizer's policy counts, or makes the answer invalid. @default "evaluated" */
  readonly policyConditions: "evaluated" | "refused";
  /**
   * Whether a wildcard of a policy's resource runs over the colons between the parts of an ARN: as IAM's page says (only a
   * `*` that ends a part) in an Allow and always in a Deny, as IAM's page says in both, or always. @default "refusing"
   */
  readonly wildcardSpan: "refusing" | "iam" | "text";
  /** What is kept of calls for which the function gave no answer: a thrown `Unauthorized`, or each failure. @default "none" */
  readonly keptFailures: "none" | "unauthorized" | "every";
  /** Whether HTTP APIs and load balancers pass a `WWW-Authenticate` of the function, or rename it as REST does. @default "passed" */
  readonly challengeHeader: "passed" | "renamed";
  /** Whether the 8,192 bytes of an answer bind every kind of API, or WebSocket APIs only. @default "every" */
  readonly answerSizeLimit: "every" | "websocket";
  /** Seconds that an authorizer may take; more than 0, at most 60. @default 10 */
  readonly authorizerTimeoutSeconds: number;
}

type Choice = Exclude<keyof GatewaySettings, "authorizerTimeoutSeconds">;

/** The values of each setting, its default first. */
const CHOICES: { readonly [Name in Choice]: readonly GatewaySettings[Name][] } = {
  httpApiThrownUnauthorized: [500, 401],
  repeatedIdentity: ["last", "first", "joined"],
  emptyTokenHeader: ["unauthorized", "asked"],
  restArnPath: ["encoded", "decoded"],
  httpApiArnPath: ["decoded", "encoded"],
  validationMatch: ["part", "whole"],
  policyConditions: ["evaluated", "refused"],
  wildcardSpan: ["refusing", "iam", "text"],
  keptFailures: ["none", "unauthorized", "every"],
  challengeHeader: ["passed", "renamed"],
  answerSizeLimit: ["every", "websocket"],
};

/** Quota of HTTP APIs, 10,000 ms (API Gateway developer guide, "Quotas"); REST APIs are reported to wait as long. */
const TIMEOUT_SECONDS = 10;
const LONGEST_TIMEOUT_SECONDS = 60;

export const GATEWAY_SETTINGS: GatewaySettings = {
  httpApiThrownUnauthorized: 500,
  repeatedIdentity: "last",
  emptyTokenHeader: "unauthorized",
  restArnPath: "encoded",
  httpApiArnPath: "decoded",
  validationMatch: "part",
  policyConditions: "evaluated",
  wildcardSpan: "refusing",
  keptFailures: "none",
  challengeHeader: "passed",
  answerSizeLimit: "every",
  authorizerTimeoutSeconds: TIMEOUT_SECONDS,
};

/**
 * The settings, defaults filled in. What is wrong is added to `problems`, one line each, and replaced by its default.
 *
 * @param where - what the lines call it, for example `custom.podgate.offline.apiGateway`
 */
export function readGatewaySettings(given: unknown, where: string, problems: string[]): GatewaySettings {
  if (given === undefined || given === null) return GATEWAY_SETTINGS;
  if (!isRecord(given)) {
    problems.push(`${where} is not a mapping: its members are ${Object.keys(GATEWAY_SETTINGS).join(", ")}`);
    return GATEWAY_SETTINGS;
  }
  const read = new Map<string, unknown>();
  for (const [name, value] of Object.entries(given)) {
    const problem = settingProblem(name, value);
    if (problem !== undefined) problems.push(`${where}.${name} ${problem}`);
    else if (value !== undefined) read.set(name, value);
  }
  return { ...GATEWAY_SETTINGS, ...Object.fromEntries(read) };
}

/** How a setting's values are written, its default first. */
export function settingValues(name: keyof GatewaySettings): string[] {
  if (name === "authorizerTimeoutSeconds")
    return [String(TIMEOUT_SECONDS), `more than 0, to ${LONGEST_TIMEOUT_SECONDS}`];
  return CHOICES[name].map((value) => JSON.stringify(value));
}

function settingProblem(name: string, value: unknown): string | undefined {
  if (!isSetting(name)) return `is unknown: expected one of ${Object.keys(GATEWAY_SETTINGS).join(", ")}`;
  if (value === undefined) return undefined;
  if (name === "authorizerTimeoutSeconds") {
    const fits = typeof value === "number" && value > 0 && value <= LONGEST_TIMEOUT_SECONDS;
    return fits ? undefined : `is ${JSON.stringify(value)}: expected more than 0, at most ${LONGEST_TIMEOUT_SECONDS}`;
  }
  const choices: readonly unknown[] = CHOICES[name];
  return choices.includes(value)
    ? undefined
    : `is ${JSON.stringify(value)}: expected ${settingValues(name).join(" or ")}`;
}

function isSetting(name: string): name is keyof GatewaySettings {
  return Object.hasOwn(GATEWAY_SETTINGS, name);
}
