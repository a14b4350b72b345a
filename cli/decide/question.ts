import { type Decided, decideAccess, startDecision } from "../../lib/decision/decide-access.ts";
import { GatewayError, isRefusal } from "../../lib/errors.ts";
import { authorize, type FunctionCall } from "../../lib/gateway/authorize.ts";
import { readAuthorizerEvent } from "../../lib/gateway/authorizer-event.ts";
import { readForwardEvent } from "../../lib/gateway/forward-event.ts";
import { serviceReceiver } from "../../lib/gateway/service-receiver.ts";
import type { JsonObject } from "../../lib/json.ts";
import { AuditLog } from "../../lib/log/audit.ts";
import { createLogger } from "../../lib/log/logger.ts";
import { Metrics } from "../../lib/log/metrics.ts";
import { isDnsLabel } from "../../lib/names.ts";
import { type Receiver, receiverOfStage } from "../../lib/permission/receiver.ts";
import { readBearerToken } from "../../lib/token/bearer-token.ts";
import type { DocumentPath } from "../store/document-store.ts";
import { withToken } from "./event.ts";
import type { Decider } from "./store-decider.ts";
import { type Target, titleOf } from "./target.ts";

/** A call to be decided, whoever makes it. */
export interface Question {
  /** Every value of its `Authorization` header. */
  readonly authorization: readonly string[];
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  /** What it comes in by: `apis/a1b2c3 at stage prod`, `services/github`. */
  readonly through: string;
  /** The document of what it comes in by. */
  readonly document: string;
  /** What was taken for granted, because nothing says it. */
  readonly assumed: readonly string[];
  /** What the token must be meant for; `undefined` where the store has no such document. */
  receiver(decider: Decider): Promise<Receiver | undefined>;
  /** Where in the document the principals are named that bound this call. */
  principalsPath(decider: Decider): Promise<DocumentPath>;
  /** Decides as the function that gets this call. Throws `GatewayError` where that could not. */
  ask(decider: Decider, authorization: readonly string[]): Promise<Decided>;
}

/** A call of a service by the way that the target stands for. */
export function targetQuestion(
  target: Target,
  access: { readonly method: string; readonly path: string },
  authorization: readonly string[],
): Question {
  return {
    ...access,
    authorization,
    through: titleOf(target),
    document: target.document,
    principalsPath: async () => target.principalsPath,
    assumed: [],
    receiver: async () => target.receiver,
    ask: async (decider, other) =>
      decideAccess(
        { ...access, authorization: other, findReceiver: () => target.find(decider) },
        startDecision(decider.clock),
        decider,
      ),
  };
}

/**
 * An authorizer's event, asked of the authorizer itself, its answer included. Throws `EVENT_UNREADABLE`.
 *
 * @param functionArn - of the authorizer, whose account and region its APIs share
 */
export function authorizerQuestion(event: JsonObject, functionArn?: string): Question {
  const { arn, authorization, method, path } = readAuthorizerEvent(event);
  const { apiId, stage } = arn;
  const [, , , region = arn.region, account = arn.account] = functionArn?.split(":") ?? [];
  const call: FunctionCall = { functionName: "authorizer", home: { account, region }, remainingSeconds: 60 };
  return {
    authorization,
    method,
    path,
    through: `apis/${apiId} at stage ${stage}`,
    document: `apis/${apiId}`,
    principalsPath: async (decider) => {
      const api = await decider.apis.find(apiId);
      if (api === undefined || receiverOfStage(api, stage).principals === api.receiver.principals)
        return ["principals"];
      return ["stages", stage, "principals"];
    },
    assumed:
      functionArn === undefined
        ? [
            `the authorizer is taken to be in account ${account} and region ${region}, as the API is; --function-arn says where`,
          ]
        : [],
    receiver: async (decider) => {
      const api = await decider.apis.find(apiId);
      return api && receiverOfStage(api, stage);
    },
    ask: async (decider, other) => {
      const audit = new LastDecision(decider);
      await authorize(replaceToken(event, authorization, other), call, { ...decider, audit });
      if (audit.decided === undefined) throw new GatewayError("INTERNAL", "the authorizer answered without a decision");
      return audit.decided;
    },
  };
}

/** An event of `forward`, whose call is decided and not made. Throws `EVENT_UNREADABLE`. */
export function forwardQuestion(event: JsonObject, audiences: readonly string[]): Question {
  const { service, authorization, method, path } = readForwardEvent(event);
  const find = async ({ services }: Decider) => (isDnsLabel(service) ? services.find(service) : undefined);
  return {
    authorization,
    method,
    path,
    through: `services/${service}`,
    document: `services/${service}`,
    principalsPath: async () => ["principals"],
    assumed: [],
    receiver: async (decider) => {
      const stored = await find(decider);
      return stored && { service, audiences, principals: stored.principals };
    },
    ask: async (decider, other) =>
      decideAccess(
        {
          authorization: other,
          method,
          path,
          audiences,
          findReceiver: async () => serviceReceiver(service, await find(decider), audiences),
        },
        startDecision(decider.clock),
        decider,
      ),
  };
}

/** Keeps what would be written. */
class LastDecision extends AuditLog {
  decided: Decided | undefined;

  constructor({ clock, config }: Decider) {
    super(
      createLogger("error", () => undefined),
      clock,
      new Metrics(config.parameterPrefix),
    );
  }

  override record(decided: Decided): void {
    this.decided = decided;
  }

  override recordFailure(): void {}
}

/** An authorizer's event repeats its token in several members. */
function replaceToken(event: JsonObject, from: readonly string[], to: readonly string[]): JsonObject {
  const [before, after] = [readBearerToken(from), readBearerToken(to)];
  return isRefusal(before) || isRefusal(after) ? event : withToken(event, before.reveal(), after.reveal());
}
