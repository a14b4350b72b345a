import type { MiddlewareObj } from "@middy/core";
import type { Context } from "aws-lambda";
import { ConfigError } from "../config.ts";
import { type DecisionDeps, decideAccess, startDecision } from "../decision/decide-access.ts";
import { inTime } from "../decision/in-time.ts";
import { GatewayError, isRefusal, type Refusal } from "../errors.ts";
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
        const outcome = await inTime(judge(request, options, started, deps, surface), remainingSeconds, deps.clock);
        if (isRefusal(outcome)) return problemAnswer(outcome, started.id, multiValue);
        context.podgate = { identity: outcome, decisionId: started.id };
      } catch (error) {
        deps.audit.recordFailure(error, started, surface);
        const code = error instanceof GatewayError ? error.code : "INTERNAL";
        return problemAnswer({ code }, started.id, multiValue);
      }
    },
    after: ({ response, context }) => nameDecision(response, context.podgate.decisionId),
    onError: (request) => {
      // The handler's own errors are its owner's; a decision that it asked for and could not be made is answered here.
      if (!(request.error instanceof GatewayError)) return;
      const id = request.context.podgate.decisionId;
      const surface = { function: request.context.functionName };
      deps.audit.recordFailure(request.error, { id, startedAt: deps.clock.now() }, surface);
      request.response = problemAnswer(request.error, id, readHttpEvent(request.event).answersInMultiValueHeaders);
    },
  };
}

async function judge(
  request: HttpRequest,
  { service, audiences, principals }: RequirePodTokenOptions,
  started: { readonly id: string; readonly startedAt: number },
  deps: RequirePodTokenDeps,
  surface: Surface,
): Promise<VerifiedIdentity | Refusal> {
  if (service === false) {
    const { outcome, trail } = await deps.verifier.verify(request.authorization, async () => audiences);
    deps.audit.recordIdentified({ ...started, outcome, trail }, surface);
    return outcome;
  }
  const receiver = { service, audiences, principals };
  const decided = await decideAccess({ ...request, findReceiver: async () => ({ receiver }) }, started, deps);
  deps.audit.record(decided, surface);
  if (isRefusal(decided.decision)) return decided.decision;
  if (decided.identity === undefined) throw new GatewayError("INTERNAL", "an allowed call without an identity");
  return decided.identity;
}

/** Only an answer with a status of its own has headers; a bare value is formatted by API Gateway. */
function nameDecision(response: unknown, decisionId: string): void {
  if (typeof response !== "object" || response === null || !("statusCode" in response)) return;
  const answer = response as { headers?: Record<string, string>; multiValueHeaders?: Record<string, string[]> };
  if (answer.multiValueHeaders !== undefined) {
    answer.multiValueHeaders = { ...answer.multiValueHeaders, [DECISION_HEADER]: [decisionId] };
  } else {
    answer.headers = { ...answer.headers, [DECISION_HEADER]: decisionId };
  }
}

function checkOptions({ service, audiences, principals }: RequirePodTokenOptions): void {
  const problems: string[] = [];
  if (service !== false && !isDnsLabel(service)) {
    problems.push("requirePodToken: service is neither false nor a DNS-1123 label");
  }
  if (!Array.isArray(audiences) || audiences.length === 0 || !audiences.every(isAudience)) {
    problems.push("requirePodToken: audiences is no list of at least one audience in printable ASCII");
  }
  if (principals !== undefined && (principals.length === 0 || !principals.every(isPrincipalPattern))) {
    problems.push("requirePodToken: principals is no list of at least one <cluster>/<namespace>/<serviceaccount>");
  }
  if (problems.length > 0) throw new ConfigError(problems);
}
