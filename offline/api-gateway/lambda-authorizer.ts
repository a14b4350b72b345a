import { adviceOn } from "./advice.ts";
import {
  type AuthorizerEvent,
  type AuthorizerRules,
  authorizeCall,
  type CallAuthorizer,
  type CallOutcome,
} from "./authorize-call.ts";
import type { Invocation } from "./authorizer-answer.ts";
import type { GatewayClock } from "./clock.ts";
import type { GatewayRequest, IncomingCall } from "./gateway-request.ts";
import { withoutCredentials } from "./policy-resource.ts";
import { ResultCache } from "./result-cache.ts";
import type { GatewaySettings } from "./settings.ts";

/** A Lambda authorizer as it is configured at one stage of one API. */
export interface AuthorizerOptions {
  readonly kind: GatewayRequest["kind"];
  readonly identitySource: readonly string[];
  readonly rules: AuthorizerRules;
  /** Seconds for which answers are kept; 0: the function is asked each time. */
  readonly ttlSeconds: number;
  readonly settings: GatewaySettings;
  readonly clock: GatewayClock;
  /** Asks the function. The signal is aborted once nobody waits for the answer any more. */
  readonly invoke: (event: AuthorizerEvent, signal: AbortSignal) => Promise<Invocation>;
  /** Told why API Gateway would answer 500, and how a mistake is mended. Lines hold no token text. */
  readonly report?: (line: string) => void;
}

/** A decision, and a line for each mistake in the authorizer that this call shows. */
export interface AuthorizedCall extends CallOutcome {
  readonly advice: readonly string[];
}

/**
 * One authorizer with what it remembers: the answers that it gave, and the advice that was reported. One cause is
 * reported once, however many requests show it; another failure each time.
 */
export class LambdaAuthorizer {
  readonly #options: AuthorizerOptions;
  readonly #call: CallAuthorizer;
  readonly #reported = new Set<string>();

  constructor(options: AuthorizerOptions) {
    const { rules, ttlSeconds, clock, invoke, settings } = options;
    this.#options = options;
    this.#call = {
      rules,
      cache: new ResultCache(ttlSeconds, clock),
      invoke: (event) => inTime((signal) => invoke(event, signal), settings.authorizerTimeoutSeconds, clock),
    };
  }

  async authorize(call: IncomingCall): Promise<AuthorizedCall> {
    const request = this.requestOf(call);
    const outcome = await authorizeCall(request, this.#call);
    const advice = adviceOn({ ...this.#options, ...outcome, request });
    for (const { cause, line } of advice) {
      if (!this.#reported.has(cause)) this.#options.report?.(line);
      this.#reported.add(cause);
    }
    const { decision } = outcome;
    const isUnexplained = advice.every(({ explainsFailure }) => !explainsFailure);
    if (decision.outcome === "reject" && decision.response.status === 500 && isUnexplained) {
      this.#options.report?.(withoutCredentials(`500, ${decision.rejection}: ${decision.problem ?? ""}`, request));
    }
    return { ...outcome, advice: advice.map(({ line }) => line) };
  }

  /** The call as this authorizer's kind of API sees it. */
  requestOf(call: IncomingCall): GatewayRequest {
    const { kind, identitySource, settings } = this.#options;
    return { ...call, kind, identitySource, settings };
  }
}

/** What `ask` gives, or that it did not come in time: then its signal is aborted, and what it does later is nobody's. */
async function inTime(
  ask: (signal: AbortSignal) => Promise<Invocation>,
  seconds: number,
  clock: GatewayClock,
): Promise<Invocation> {
  const answered = new AbortController();
  const tooLate = new AbortController();
  const late = (): Invocation => ({ outcome: "timed-out" });
  // The wait is ended by the answer too, which has won the race then.
  const timeout = clock.wait(seconds, answered.signal).then(late, late);
  try {
    return await Promise.race([ask(tooLate.signal), timeout]);
  } finally {
    answered.abort();
    tooLate.abort();
  }
}
