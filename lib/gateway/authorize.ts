import { whenThere } from "../awaitable.ts";
import { type DecisionDeps, decideAccess, type FoundReceiver, startDecision } from "../decision/decide-access.ts";
import { inTime } from "../decision/in-time.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { AuditLog } from "../log/audit.ts";
import type { Metrics } from "../log/metrics.ts";
import { type ApiSource, type RegisteredApi, receiverOfStage } from "../permission/receiver.ts";
import { type AuthorizerAnswer, authorizerAnswer, UNAUTHORIZED } from "./authorizer-answer.ts";
import { readAuthorizerEvent } from "./authorizer-event.ts";
import type { ExecuteApiArn } from "./execute-api-arn.ts";
import type { Policies } from "./policies.ts";

export interface AuthorizeDeps extends DecisionDeps {
  readonly apis: ApiSource;
  readonly policies: Policies;
  readonly audit: AuditLog;
  readonly metrics: Metrics;
}

/** The Lambda call in which a request is answered. */
export interface FunctionCall {
  readonly functionName: string;
  /** The account and region of the function, which are those of its APIs; none offline. */
  readonly home?: { readonly account: string; readonly region: string } | undefined;
  readonly remainingSeconds: number;
  /** X-Ray's header of this invocation, which `forward` passes on. */
  readonly trace?: string | undefined;
}

/**
 * Answers one request of API Gateway: verify, find, decide, answer. Throws `GatewayError` when it cannot be decided
 * either way.
 */
export async function authorize(
  event: unknown,
  { functionName, home, remainingSeconds }: FunctionCall,
  deps: AuthorizeDeps,
): Promise<AuthorizerAnswer | typeof UNAUTHORIZED> {
  const started = startDecision(deps.clock);
  const surface: { function: string; apiId?: string; stage?: string } = { function: functionName };
  try {
    const request = readAuthorizerEvent(event);
    surface.apiId = request.arn.apiId;
    surface.stage = request.arn.stage;
    let api: RegisteredApi | undefined;
    const findApi = () =>
      whenThere(deps.apis.find(request.arn.apiId), (found) => {
        api = found;
      });
    const findReceiver = () => whenThere(findApi(), () => receiverFor(api, request.arn, home));
    const deciding = whenThere(decideAccess({ ...request, findReceiver }, started, deps), (decided) => {
      if (request.kind !== "http-2.0" || decided.identity !== undefined) return decided;
      // A bad token is refused before the document is there, but it alone says how this API is told so.
      const apiFound = findApi();
      return apiFound instanceof Promise
        ? apiFound.then(
            () => decided,
            () => decided,
          )
        : decided;
    });
    const inHand = deciding instanceof Promise ? await inTime(deciding, remainingSeconds, deps.clock) : deciding;
    const { answer, decided } = authorizerAnswer(inHand, request, api, deps.policies);
    if (request.identitySourcesIncomplete && answer !== UNAUTHORIZED && "isAuthorized" in answer) {
      deps.metrics.count("IdentitySourcesIncomplete");
    }
    deps.audit.record(decided, surface);
    return answer;
  } catch (error) {
    deps.audit.recordFailure(error, started, surface);
    throw error;
  }
}

function receiverFor(
  api: RegisteredApi | undefined,
  arn: ExecuteApiArn,
  home: FunctionCall["home"],
): FoundReceiver | Refusal {
  if (api === undefined) {
    return refuse(
      "API_UNKNOWN",
      `API ${arn.apiId} has no receiver document; store one as apis/${arn.apiId} with its service and audiences`,
    );
  }
  const account = api.account ?? home?.account;
  const region = api.region ?? home?.region;
  if (arn.account !== account || arn.region !== region) {
    return refuse(
      "API_FOREIGN",
      `API ${arn.apiId} is of another account or region than ${api.document.name} is for; say "account" and "region" there if that is meant`,
      {
        compared: {
          actual: `${arn.account} ${arn.region}`,
          expected: `${account ?? "unknown"} ${region ?? "unknown"}`,
        },
      },
    );
  }
  return { receiver: receiverOfStage(api, arn.stage), document: api.document };
}
