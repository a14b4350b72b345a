import { adviceOn } from "./advice.ts";
import {
  type AuthorizerEvent,
  type AuthorizerRules,
  authorizeCall,
  type CallAuthorizer,
  type CallOutcome,
} from "./authorize-call.ts";
import type { AuthorizerAnswer, Invocation } from "./authorizer-answer.ts";
import type { GatewayClock } from "./clock.ts";
import { callArn, type GatewayRequest, type IncomingCall } from "./gateway-request.ts";
import { namesCall } from "./observation.ts";
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

/** An authorizer that refused so many calls again is taken for one whose kept answers are right. */
const MAX_VAIN_QUESTIONS = 3;

/** A decision, and a line for each mistake in the authorizer that this call shows. */
export interface AuthorizedCall extends CallOutcome {
  readonly advice: readonly string[];
  /** What is wrong with the answer, or that there is none; where nothing is, absent. Holds no token text. */
  readonly problem?: string;
}

/**
 * One authorizer with what it remembers: the answers that it gave, and the advice that was reported. One cause is
 * reported once, however many requests show it; another failure each time.
 */
export class LambdaAuthorizer {
  readonly #options: AuthorizerOptions;
  readonly #call: CallAuthorizer;
  readonly #reported = new Set<string>();
  /** By kept answer: ARNs of calls that it refuses and that the function, asked again, allows. */
  readonly #allowedAnew = new WeakMap<AuthorizerAnswer, Set<string>>();
  #vainQuestions = 0;

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
    const allowedAnew = await this.#isAllowedAnew(outcome, request);
    const advice = adviceOn({ ...this.#options, ...outcome, request, allowedAnew });
    for (const { cause, line } of advice) {
      if (!this.#reported.has(cause)) this.#options.report?.(line);
      this.#reported.add(cause);
    }
    const { decision } = outcome;
    const lines = advice.map(({ line }) => line);
    if (decision.outcome === "allow" || decision.problem === undefined) return { ...outcome, advice: lines };
    const problem = withoutCredentials(decision.problem, request);
    const isUnexplained = advice.every(({ explainsFailure }) => !explainsFailure);
    if (decision.response.status === 500 && isUnexplained) {
      this.#options.report?.(`500, ${decision.rejection}: ${problem}`);
    }
    return { ...outcome, advice: lines, problem };
  }

  /**
   * Whether the function would allow a call that a kept policy refuses: that is what tells a policy made for one call from
   * one that refuses the others rightly. Nobody gets that answer, and it is not kept. AWS would not ask at all, so this asks
   * only where the policy names the very call that it was made for, and no more once it was refused again several times.
   */
  async #isAllowedAnew({ answer, decision, keptFrom }: CallOutcome, request: GatewayRequest): Promise<boolean> {
    if (keptFrom === undefined || answer === undefined || decision.outcome === "allow") return false;
    const arn = callArn(request);
    const allowed = this.#allowedAnew.get(answer) ?? new Set<string>();
    if (allowed.has(arn)) return true;
    if (this.#vainQuestions >= MAX_VAIN_QUESTIONS || !namesCall(answer, keptFrom)) return false;
    const cache = new ResultCache(0, this.#options.clock);
    const { decision: anew } = await authorizeCall(request, { ...this.#call, cache });
    if (anew.outcome === "allow") this.#allowedAnew.set(answer, allowed.add(arn));
    else this.#vainQuestions += 1;
    return anew.outcome === "allow";
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
