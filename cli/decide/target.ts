import type { FoundReceiver } from "../../lib/decision/decide-access.ts";
import type { Refusal } from "../../lib/errors.ts";
import { serviceReceiver } from "../../lib/gateway/service-receiver.ts";
import { type Receiver, type RegisteredApi, receiverOfStage } from "../../lib/permission/receiver.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { DocumentPath } from "../store/document-store.ts";
import type { StoreDocument } from "../store/parsed-document.ts";
import { quote } from "../wording.ts";
import type { Decider } from "./store-decider.ts";

/** A way in which a service is called: behind an authorizer, or through `forward`. */
export interface Target {
  /** Its document, without the prefix: `apis/a1b2c3`, `services/github`. */
  readonly document: string;
  /** The stage, where the document names it; else every stage that it does not name. */
  readonly stage?: string | undefined;
  /** Stages of which the document says something else. */
  readonly otherStages: readonly string[];
  /** Where in the document its `principals` are, or would be. */
  readonly principalsPath: DocumentPath;
  /** Without audiences, where nobody said which the gateway itself has. */
  readonly receiver: Receiver;
  /** Of a way in by an authorizer. */
  readonly api?: { readonly id: string; readonly document: RegisteredApi };
  find(decider: Decider): Promise<FoundReceiver | Refusal>;
}

/** What narrows the choice of a target. */
export interface TargetChoice {
  readonly api?: string | undefined;
  readonly stage?: string | undefined;
  readonly forward: boolean;
}

export function titleOf({ document, stage }: Target): string {
  return stage === undefined ? document : `${document} at stage ${stage}`;
}

/**
 * Every way in which the store lets services be called, in the order of the documents.
 *
 * @param audiences - the gateway's own
 */
export function targetsOf(documents: readonly StoreDocument[], audiences: readonly string[]): readonly Target[] {
  return documents.flatMap(({ name, parsed }): readonly Target[] => {
    if (parsed.kind === "apis") {
      return [undefined, ...parsed.value.stages.keys()].map((stage) =>
        apiTarget(name, parsed.apiId, parsed.value, stage),
      );
    }
    if (parsed.kind !== "services") return [];
    const { service, value } = parsed;
    return [
      {
        document: name,
        otherStages: [],
        principalsPath: ["principals"],
        receiver: { service, audiences, principals: value.principals },
        find: async (decider) => serviceReceiver(service, await decider.services.find(service), audiences),
      },
    ];
  });
}

function apiTarget(document: string, apiId: string, api: RegisteredApi, stage: string | undefined): Target {
  const receiverIn = (found: RegisteredApi) => (stage === undefined ? found.receiver : receiverOfStage(found, stage));
  const receiver = receiverIn(api);
  const isOwn = stage !== undefined && receiver.principals !== api.receiver.principals;
  return {
    document,
    stage,
    otherStages: stage === undefined ? [...api.stages.keys()] : [],
    principalsPath: isOwn ? ["stages", stage, "principals"] : ["principals"],
    receiver,
    api: { id: apiId, document: api },
    find: async (decider) => {
      const found = await decider.apis.find(apiId);
      if (found === undefined) throw new TypeError("the document of a target is there");
      return { receiver: receiverIn(found), document: found.document };
    },
  };
}

/**
 * Those of a service. Throws `CliError` where there is none.
 *
 * @param ownAudiences - of a function that calls itself this service by `requirePodToken`, for which there is no document
 */
export function targetsFor(
  targets: readonly Target[],
  service: string,
  ownAudiences?: readonly string[],
): readonly Target[] {
  const ofService = targets.filter(({ receiver }) => receiver.service === service);
  if (ofService.length > 0) return ofService;
  if (ownAudiences !== undefined) {
    const receiver = { service, audiences: ownAudiences };
    return [
      { document: "requirePodToken", otherStages: [], principalsPath: [], receiver, find: async () => ({ receiver }) },
    ];
  }
  const known = [...new Set(targets.map(({ receiver }) => receiver.service))].sort();
  const names = known.length === 0 ? "the store has none" : `known are ${known.slice(0, 20).join(", ")}`;
  throw new CliError(EXIT.INPUT, `no document in apis/ or services/ is about the service ${quote(service)}; ${names}`);
}

/**
 * The target that a call of this service means. Several that treat every caller alike are one, the first by name. Throws
 * `CliError` where there is none, and where the choice would matter.
 */
export function chooseTarget(
  targets: readonly Target[],
  service: string,
  choice: TargetChoice,
  ownAudiences?: readonly string[],
): Target {
  const chosen = narrow(targetsFor(targets, service, ownAudiences), choice);
  const [first, ...others] = chosen;
  if (first !== undefined && others.every((other) => alikeKey(other) === alikeKey(first))) return first;
  throw new CliError(
    EXIT.USAGE,
    `the service ${service} is called by ${titles(chosen)}, which differ: say which by --api, --stage or --forward`,
  );
}

/** The targets that a choice leaves. Throws `CliError` where it leaves none. */
export function narrow(targets: readonly Target[], choice: TargetChoice): readonly Target[] {
  const chosen = choose(targets, choice);
  if (chosen.length > 0) return chosen;
  throw new CliError(EXIT.INPUT, `it is not called by that; it is by ${titles(targets)}`);
}

function choose(targets: readonly Target[], { api, stage, forward }: TargetChoice): readonly Target[] {
  if (forward) return targets.filter(({ document }) => document.startsWith("services/"));
  const ofApi = api === undefined ? targets : targets.filter(({ document }) => document === `apis/${api}`);
  if (stage === undefined) return ofApi;
  return ofApi.filter((target) =>
    target.stage === undefined ? !target.otherStages.includes(stage) : target.stage === stage,
  );
}

function titles(targets: readonly Target[]): string {
  return targets
    .map((target) => {
      const others = target.otherStages.length === 0 ? "" : ` but at stage ${target.otherStages.join(", ")}`;
      return `${titleOf(target)}${others}`;
    })
    .join(", ");
}

/** Equal for targets that answer every caller alike. */
function alikeKey({ receiver, document }: Target): string {
  const sorted = (texts: readonly string[] | undefined) => texts && [...texts].sort();
  return JSON.stringify([
    document.startsWith("services/"),
    sorted(receiver.audiences),
    sorted(receiver.principals) ?? null,
  ]);
}
