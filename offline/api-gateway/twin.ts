import { type AuthorizerEvent, type AuthorizerRules, identityOf } from "./authorize-call.ts";
import type { Context } from "./authorizer-answer.ts";
import { authorizerEvent } from "./authorizer-event.ts";
import { type CallRequest, checkMembers, handshakeOf, incomingCall } from "./call-request.ts";
import { type GatewayClock, systemClock } from "./clock.ts";
import { type AuthorizerKind, type IncomingCall, isHttpApi, isRestApi } from "./gateway-request.ts";
import { expressionProblem, identitySourceProblem } from "./identity-source.ts";
import { eventOf } from "./integration-event.ts";
import { isRecord, unknownMember } from "./json.ts";
import { LambdaAuthorizer } from "./lambda-authorizer.ts";
import { type LambdaContext, runFunction } from "./lambda-function.ts";
import { OFFLINE_IDS } from "./offline-ids.ts";
import { addressProblems, partitionOf } from "./partition.ts";
import { defaultTtlSeconds, ttlProblem } from "./result-cache.ts";
import { type GatewaySettings, readGatewaySettings } from "./settings.ts";

/** An authorizer and the API that it guards. Every member but two has the default of AWS or of the offline stack. */
export interface TwinOptions {
  /**
   * The Lambda function. What it returns, or the promise of it, is what Lambda would make JSON of; what it throws is a
   * failure of the function. It is asked with a copy of the event. Where a kept policy names the call that
   * it was made for and refuses another one, it may be asked about that, although AWS would not ask: nothing comes of the
   * answer but advice.
   */
  authorizer(event: object, context: LambdaContext): unknown;
  readonly kind: AuthorizerKind;
  /** Seconds for which answers are kept. @default 300 for REST APIs, else 0 */
  readonly ttl?: number;
  /** @default the `Authorization` header */
  readonly identitySource?: readonly string[];
  /** REST TOKEN: a regular expression that the token has to match. @default none */
  readonly identityValidationExpression?: string;
  /** HTTP API of payload 2.0. @default false */
  readonly enableSimpleResponses?: boolean;
  /** @default "dev"; "$default" for HTTP APIs */
  readonly stage?: string;
  /** @default "offlinerest", "offlinehttp" or "offlinews" */
  readonly apiId?: string;
  /** @default "123456789012" */
  readonly account?: string;
  /** @default "us-east-1" */
  readonly region?: string;
  /** @default the region's: "aws", "aws-cn", "aws-us-gov", … */
  readonly partition?: string;
  /** @default none */
  readonly stageVariables?: Readonly<Record<string, string>>;
  /** What AWS does not document. @default GATEWAY_SETTINGS */
  readonly settings?: Partial<GatewaySettings>;
  /** @default the system's */
  readonly clock?: GatewayClock;
  /** Told each mistake in the authorizer once, in one line. @default nobody */
  readonly report?: (line: string) => void;
}

/** What a client, and the integration behind the API, would see of a call. */
export interface TwinAnswer {
  /** 200 where the call goes on to the integration. */
  readonly status: number;
  /** Of API Gateway's own answer; empty where the call goes on. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /**
   * Where the call goes on: what the integration gets, `requestContext.authorizer.lambda` of a payload 2.0 and
   * `requestContext.authorizer` (with `principalId`) of every other one.
   */
  readonly context: Context | undefined;
  /**
   * Where the call goes on: the event of the function behind the API, in the payload of the authorizer's kind; that of a
   * WebSocket API is the one of `$connect`. See `integrationEvent` for other payloads.
   */
  readonly integration: Readonly<Record<string, unknown>> | undefined;
  /** What the authorizer was given; undefined where it was not asked. */
  readonly event: AuthorizerEvent | undefined;
  readonly asked: boolean;
  /** Whether a kept answer decided. */
  readonly cached: boolean;
  /** Mistakes in the authorizer which this call shows: what is wrong, and how it is mended. */
  readonly advice: readonly string[];
  /** What AWS would not say: why the authorizer's answer, or that it gave none, is a 500 (or the 401 of a throw). */
  readonly problem: string | undefined;
}

export interface ApiGateway {
  /** Makes a call. Rejects only for a request that no client can make: see `incomingCall`. */
  call(request: CallRequest): Promise<TwinAnswer>;
  /** The event that AWS would send to the authorizer; undefined where the call is refused before the function is asked. */
  event(request: CallRequest): AuthorizerEvent | undefined;
}

const AUTHORIZATION = {
  "rest-token": "method.request.header.Authorization",
  "rest-request": "method.request.header.Authorization",
  "http-1.0": "$request.header.Authorization",
  "http-2.0": "$request.header.Authorization",
  websocket: "route.request.header.Authorization",
} as const satisfies Record<AuthorizerKind, string>;

const API_IDS = {
  "rest-token": OFFLINE_IDS.restApiId,
  "rest-request": OFFLINE_IDS.restApiId,
  "http-1.0": OFFLINE_IDS.httpApiId,
  "http-2.0": OFFLINE_IDS.httpApiId,
  websocket: OFFLINE_IDS.websocketApiId,
} as const satisfies Record<AuthorizerKind, string>;

const OPTIONS = Object.keys({
  authorizer: true,
  kind: true,
  ttl: true,
  identitySource: true,
  identityValidationExpression: true,
  enableSimpleResponses: true,
  stage: true,
  apiId: true,
  account: true,
  region: true,
  partition: true,
  stageVariables: true,
  settings: true,
  clock: true,
  report: true,
} satisfies Record<keyof TwinOptions, true>);

/** What a caller without types gets wrong first. @throws TypeError */
function checkNames(options: TwinOptions): void {
  const problems: string[] = [];
  if (!isRecord(options)) throw new TypeError(`no such API: its options are ${OPTIONS.join(", ")}`);
  const unknown = unknownMember(options, OPTIONS);
  if (unknown !== undefined) problems.push(`${unknown} is unknown: expected one of ${OPTIONS.join(", ")}`);
  if (typeof options.authorizer !== "function") problems.push("authorizer is not a function");
  if (!Object.hasOwn(AUTHORIZATION, options.kind)) {
    const kinds = Object.keys(AUTHORIZATION).join(", ");
    problems.push(`kind is ${JSON.stringify(options.kind)}: expected one of ${kinds}`);
  }
  if (problems.length > 0) throw new TypeError(`no such API: ${problems.join("; ")}`);
}

/**
 * One API Gateway with one Lambda authorizer, by the rules of `RULES`. It opens nothing, shares nothing with another one,
 * and keeps answers as long as it is kept.
 *
 * @throws TypeError for a configuration that AWS would not take, and for settings that do not exist
 */
export function apiGateway(options: TwinOptions): ApiGateway {
  checkNames(options);
  const { kind, clock = systemClock } = options;
  const identitySource = options.identitySource ?? [AUTHORIZATION[kind]];
  const ttlSeconds = options.ttl ?? defaultTtlSeconds(kind);
  const problems: string[] = [];
  const settings = readGatewaySettings(options.settings, "settings", problems);
  const problem = identitySourceProblem(kind, identitySource) ?? ttlProblem(kind, ttlSeconds, identitySource);
  if (problem !== undefined) problems.push(problem);
  const unreadable = expressionProblem(options.identityValidationExpression);
  if (unreadable !== undefined) problems.push(unreadable);
  if (options.enableSimpleResponses && kind !== "http-2.0") {
    problems.push("enableSimpleResponses is for HTTP APIs of payload 2.0");
  }
  const region = options.region ?? OFFLINE_IDS.region;
  const api = {
    stage: options.stage ?? (isHttpApi(kind) ? "$default" : "dev"),
    apiId: options.apiId ?? API_IDS[kind],
    account: options.account ?? OFFLINE_IDS.account,
    region,
    partition: options.partition ?? partitionOf(region),
    ...(options.stageVariables !== undefined && { stageVariables: options.stageVariables }),
  };
  problems.push(...addressProblems({ ...api, isHttpApi: isHttpApi(kind) }));
  if (problems.length > 0) throw new TypeError(`no such API: ${problems.join("; ")}`);

  const expression = options.identityValidationExpression;
  const rules: AuthorizerRules = {
    enableSimpleResponses: options.enableSimpleResponses ?? false,
    ...(expression !== undefined && { identityValidationExpression: new RegExp(expression) }),
  };
  const authorizer = new LambdaAuthorizer({
    kind,
    identitySource,
    ttlSeconds,
    settings,
    clock,
    rules,
    invoke: (event) => runFunction((given, context) => options.authorizer(given, context), event, { ...api, clock }),
    ...(options.report !== undefined && { report: options.report }),
  });

  let calls = 0;
  const incoming = (request: CallRequest): IncomingCall => {
    checkMembers(request);
    const timeEpoch = Math.round(clock.now() * 1000);
    const asked = kind === "websocket" ? handshakeOf(request) : request;
    return incomingCall(asked, { ...api, requestId: `request-${calls}`, timeEpoch }, isHttpApi(kind));
  };
  return {
    async call(request) {
      calls += 1;
      const made = incoming(request);
      const { decision, event, keptFrom, advice, problem } = await authorizer.authorize(made);
      const how = { event, asked: event !== undefined, cached: keptFrom !== undefined, advice, problem };
      if (decision.outcome === "reject")
        return { ...decision.response, context: undefined, integration: undefined, ...how };
      const { principalId } = decision;
      const isOneMap = kind === "http-2.0" || principalId === undefined;
      const context = isOneMap ? decision.context : { ...decision.context, principalId };
      const integration = eventOf(isRestApi(kind) ? "rest" : kind, made, request, context);
      return { status: 200, headers: {}, body: "", context, integration, ...how };
    },
    event(request) {
      const call = authorizer.requestOf(incoming(request));
      const identity = identityOf(call, rules);
      return typeof identity === "string" ? undefined : authorizerEvent(call, identity);
    },
  };
}
