import { type Clock, within } from "../clock.ts";
import { type DecisionDeps, decideAccess, type FoundReceiver, startDecision } from "../decision/decide-access.ts";
import { inTime } from "../decision/in-time.ts";
import { type ForwardFailureCode, GatewayError, isRefusal, type Refusal } from "../errors.ts";
import type { AuditLog, Surface } from "../log/audit.ts";
import { isDnsLabel } from "../names.ts";
import type { Credential } from "../service/credential/credential.ts";
import type { MakeCredential } from "../service/credential/make-credential.ts";
import type { ExternalService, ServiceSource } from "../service/external-service.ts";
import { forwardAnswer } from "../service/forward-answer.ts";
import { type ForwardedBy, forwardRequest } from "../service/forward-request.ts";
import { type CallService, type OutgoingRequest, type ServiceAnswer, ServiceFailure } from "../service/outgoing.ts";
import type { VerifiedIdentity } from "../token/token-verifier.ts";
import type { FunctionCall } from "./authorize.ts";
import { type ForwardEvent, readForwardEvent } from "./forward-event.ts";
import { type ForwardHttpAnswer, serviceHttpAnswer } from "./forward-http-answer.ts";
import { problemAnswer } from "./http-answer.ts";
import { serviceReceiver } from "./service-receiver.ts";

export interface ForwardDeps extends DecisionDeps {
  readonly services: ServiceSource;
  readonly makeCredential: MakeCredential;
  readonly callService: CallService;
  readonly audit: AuditLog;
  /** The gateway's own. */
  readonly audiences: readonly string[];
}

/** A body of this size is 6,000,000 bytes of base64: with its headers it fits Lambda's 6 MB (Lambda quotas, "Invocation payload"). */
const MAX_BODY_BYTES = 4_500_000;

const CONNECT_SECONDS = 2;

/** A call whose credential is not there by then is not made; counted from when the request came (R18). */
const START_SECONDS = 5;

/** What is left for the answer when the call has to be over. */
const RESERVE_SECONDS = 0.5;

/**
 * Answers one request for a service: verify, find, decide, then make the call with the service's credential and hand on
 * what the service answers, whatever its status. Never throws: a failure of ours is a problem with `Podgate-Error`.
 */
export async function forward(event: unknown, call: FunctionCall, deps: ForwardDeps): Promise<ForwardHttpAnswer> {
  const started = startDecision(deps.clock);
  const surface: { -readonly [member in keyof Surface]: Surface[member] } = { function: call.functionName };
  let multiValue = false;
  let asked = "";
  try {
    const request = readForwardEvent(event);
    asked = request.service;
    multiValue = request.answersInMultiValueHeaders;
    surface.apiId = request.apiId;
    surface.stage = request.stage;

    // Of an allowed call it was found: nobody is allowed anything at a service without a document.
    const found = Promise.withResolvers<ExternalService>();
    const findReceiver = async (): Promise<FoundReceiver | Refusal> => {
      const stored = isDnsLabel(request.service) ? await deps.services.find(request.service) : undefined;
      if (stored !== undefined) found.resolve(stored);
      return serviceReceiver(request.service, stored, deps.audiences);
    };
    const deciding = decideAccess({ ...request, audiences: deps.audiences, findReceiver }, started, deps);
    const decided = await inTime(deciding, call.remainingSeconds, deps.clock);
    deps.audit.record(decided, surface);
    const { outcome } = decided;
    if (isRefusal(outcome)) return problemAnswer(outcome, started.id, multiValue);
    // This call's own: a token that comes again is one identity, and a credential has to know its calls apart.
    const caller = { ...outcome };

    const service = await found.promise;
    const credential = deps.makeCredential({ ...service, service: request.service });
    const outgoing = outgoingRequest(request, service, credential, {
      principal: caller.principal,
      trace: call.trace,
    });
    const endsAt = started.startedAt + call.remainingSeconds - RESERVE_SECONDS;
    const startsBy = Math.min(started.startedAt + START_SECONDS, endsAt);
    const answer = await makeCall(outgoing, { service, credential, caller, startsBy, endsAt, deps });
    deps.audit.recordCall(started, surface, { service: request.service, status: answer.status });
    return serviceHttpAnswer(
      forwardAnswer(answer, { method: request.method, ownHeaders: credential.ownHeaders }),
      started.id,
      request,
    );
  } catch (error) {
    if (error instanceof ServiceFailure || error instanceof RequestRefused) {
      deps.audit.recordCall(started, surface, { service: asked, code: error.code, detail: error.message });
      return problemAnswer(error, started.id, multiValue);
    }
    deps.audit.recordFailure(error, started, surface);
    const code = error instanceof GatewayError ? error.code : "INTERNAL";
    return problemAnswer({ code }, started.id, multiValue);
  }
}

/** A request that was allowed and cannot be sent on. */
class RequestRefused extends Error {
  readonly code: Extract<ForwardFailureCode, "REQUEST_MALFORMED" | "REQUEST_TOO_LARGE">;

  constructor(code: RequestRefused["code"], detail: string) {
    super(detail);
    this.code = code;
  }
}

function outgoingRequest(
  request: ForwardEvent,
  service: ExternalService,
  { ownHeaders }: Credential,
  by: Pick<ForwardedBy, "principal" | "trace">,
): OutgoingRequest {
  if (request.body.length > MAX_BODY_BYTES) {
    throw new RequestRefused("REQUEST_TOO_LARGE", `the request's body is larger than ${MAX_BODY_BYTES} bytes`);
  }
  const outgoing = forwardRequest(request, service, { ...by, ownHeaders });
  if ("fault" in outgoing) throw new RequestRefused("REQUEST_MALFORMED", outgoing.fault);
  return outgoing;
}

interface Calling {
  readonly service: ExternalService;
  readonly credential: Credential;
  readonly caller: VerifiedIdentity;
  /** Epoch seconds at which the credential has to be there. */
  readonly startsBy: number;
  /** Epoch seconds at which the call has to be over. */
  readonly endsAt: number;
  readonly deps: { readonly callService: CallService; readonly clock: Clock };
}

/** One call; a second one where the service refused the credential and another is at hand. One time for both (R21). */
async function makeCall(request: OutgoingRequest, calling: Calling): Promise<ServiceAnswer> {
  const { service, credential, caller, startsBy, endsAt, deps } = calling;
  const { clock } = deps;
  const first = await before(startsBy, credential.apply(request, caller), clock);
  if (first === undefined) throw new ServiceFailure("CREDENTIAL_FAILED", "the credential came too late");
  const callEndsAt = Math.min(endsAt, clock.now() + service.timeoutSeconds);
  const answer = await send(first, callEndsAt, calling);
  if (answer.status !== 401) return answer;

  const renewed = await before(callEndsAt, credential.renew(caller), clock);
  const second = renewed === true ? await before(callEndsAt, credential.apply(request, caller), clock) : undefined;
  return second === undefined || clock.now() >= callEndsAt ? answer : send(second, callEndsAt, calling);
}

function send(request: OutgoingRequest, endsAt: number, { service, deps }: Calling): Promise<ServiceAnswer> {
  const totalSeconds = endsAt - deps.clock.now();
  if (totalSeconds <= 0) throw new ServiceFailure("SERVICE_TIMEOUT", "no time is left for the call");
  return deps.callService(request, {
    network: service.network,
    connectSeconds: Math.min(CONNECT_SECONDS, totalSeconds),
    totalSeconds,
    maxBytes: MAX_BODY_BYTES,
  });
}

/** `promise`, or `undefined` where it is not there at the moment (epoch seconds). */
function before<T>(moment: number, promise: Promise<T>, clock: Clock): Promise<T | undefined> {
  return within(promise, Math.max(0, moment - clock.now()), clock);
}
