import type { MiddlewareObj } from "@middy/core";
import type { Context } from "aws-lambda";
import { ConfigError } from "../config.ts";
import { type DecisionDeps, decideAccess, startDecision } from "../decision/decide-access.ts";
import { inTime } from "../decision/in-time.ts";
import { GatewayError, isRefusal, type Refusal } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import type { AuditLog, Surface } from "../log/audit.ts";
import { isDnsLabel } from "../names.ts";
import { isPrincipalPattern } from "../permission/principal-pattern.ts";
import { isAudience } from "../permission/receiver.ts";
import type { VerifiedIdentity } from "../token/token-verifier.ts";
import { DECISION_HEADER, problemAnswer } from "./http-answer.ts";
import { type HttpRequest, readHttpEvent } from "./http-event.ts";

export interface RequirePodTokenOptions {
  /** The service whose permissions decide; `false`, always written out, verifies the token and decides nothing. */
  readonly service: string | false;
  /** A token carries one of these, exactly. Never empty. */
  readonly audiences: readonly string[];
  /** Upper bound of who may call: `<cluster>/<namespace>/<serviceaccount>`, where `*` stands inside a part. */
  readonly principals?: readonly string[];
}

export interface RequirePodTokenDeps extends DecisionDeps {
  readonly audit: AuditLog;
}

/** What a handler behind the middleware finds at `context.podgate`. */
export interface PodgateContext extends Context {
  podgate: { readonly identity: VerifiedIdentity; readonly decisionId: string };
}

/**
 * A middy middleware: the handler is called for an allowed call only, and knows who calls. Everything else is answered
 * here: 401, 403, or 503 where no decision can be made. For HTTP APIs, REST APIs, Function URLs and ALBs.
 * Throws `ConfigError` for wrong options.
 */
export function podTokenMiddleware(
  options: RequirePodTokenOptions,
  deps: RequirePodTokenDeps,
): MiddlewareObj<unknown, unknown, Error, PodgateContext> {
  checkOptions(options);
  return {
    before: async ({ event, context }) => {
      const started = startDecision(deps.clock);
      let surface: Surface = { function: context.functionName };
      let multiValue = false;
      try {
        const request = readHttpEvent(event);
        surface = { ...surface, apiId: request.apiId, stage: request.stage };
        multiValue = request.answersInMultiValueHeaders;
        const remainingSeconds = context.getRemainingTimeInMillis() / 1000;
        const outcome = await judge(request, options, { ...started, remainingSeconds, surface }, deps);
        if (isRefusal(outcome)) return problemAnswer(outcome, started.id, multiValue);
        // The handler's own copy: what a token proved is kept for its next call.
        context.podgate = { identity: structuredClone(outcome), decisionId: started.id };
      } catch (error) {
        deps.audit.recordFailure(error, started, surface);
        const code = error instanceof GatewayError ? error.code : "INTERNAL";
        return problemAnswer({ code }, started.id, multiValue);
      }
    },
    after: (request) => {
      request.response = nameDecision(request.response, request.context.podgate.decisionId);
    },
    onError: (request) => {
      // Another middleware may fail before this one was asked.
      const decided: PodgateContext["podgate"] | undefined = request.context.podgate;
      // The handler's own errors are its owner's; a decision that it asked for and could not be made is answered here.
      if (decided === undefined || !(request.error instanceof GatewayError)) return;
      const id = decided.decisionId;
      const surface = { function: request.context.functionName };
      deps.audit.recordFailure(request.error, { id, startedAt: deps.clock.now() }, surface);
      request.response = problemAnswer(request.error, id, readHttpEvent(request.event).answersInMultiValueHeaders);
    },
  };
}

interface Judging {
  readonly id: string;
  readonly startedAt: number;
  readonly remainingSeconds: number;
  readonly surface: Surface;
}

/** The record is written once the outcome is there in time: a late one is not what the caller was told. */
async function judge(
  request: HttpRequest,
  { service, audiences, principals }: RequirePodTokenOptions,
  { remainingSeconds, surface, ...started }: Judging,
  deps: RequirePodTokenDeps,
): Promise<VerifiedIdentity | Refusal> {
  if (service === false) {
    const verifying = deps.verifier.verify(request.authorization, () => audiences);
    const { outcome, trail } = await inTime(verifying, remainingSeconds, deps.clock);
    deps.audit.recordIdentified({ ...started, outcome, trail }, surface);
    return outcome;
  }
  const receiver = { service, audiences, principals };
  const deciding = decideAccess({ ...request, findReceiver: () => ({ receiver }) }, started, deps);
  const decided = await inTime(deciding, remainingSeconds, deps.clock);
  deps.audit.record(decided, surface);
  return decided.outcome;
}

/**
 * The handler's answer with the decision's id. Only one with a status of its own has headers; a bare value is formatted
 * by API Gateway. The handler's object stays as it is: it may be shared by all of its calls.
 */
function nameDecision(response: unknown, decisionId: string): unknown {
  if (typeof response !== "object" || response === null || !("statusCode" in response)) return response;
  const { headers, multiValueHeaders } = response as { headers?: object; multiValueHeaders?: object | null };
  return isJsonObject(multiValueHeaders)
    ? { ...response, multiValueHeaders: { ...multiValueHeaders, [DECISION_HEADER]: [decisionId] } }
    : { ...response, headers: { ...headers, [DECISION_HEADER]: decisionId } };
}

const OPTIONS = ["service", "audiences", "principals"];

/** What JavaScript lets through is checked too: a bound that is misspelt would bound nobody. */
function checkOptions(options: RequirePodTokenOptions): void {
  const { service, audiences, principals } = options;
  const problems: string[] = [];
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name))
      problems.push(`requirePodToken: ${name} is no option; these are ${OPTIONS.join(", ")}`);
  }
  if (service !== false && !isDnsLabel(service)) {
    problems.push("requirePodToken: service is neither false nor a DNS-1123 label");
  }
  if (!isListOf(audiences, isAudience)) {
    problems.push("requirePodToken: audiences is no list of at least one audience in printable ASCII");
  }
  if (principals !== undefined && !isListOf(principals, isPrincipalPattern)) {
    problems.push("requirePodToken: principals is no list of at least one <cluster>/<namespace>/<serviceaccount>");
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

function isListOf(value: unknown, holds: (text: string) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((text) => typeof text === "string" && holds(text));
}
