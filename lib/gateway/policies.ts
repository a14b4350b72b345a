import type { PermissionSet } from "../permission/permission-set.ts";
import { stageArn } from "./execute-api-arn.ts";
import {
  type AskedCall,
  MAX_ANSWER_BYTES,
  MAX_RESOURCE_CHARACTERS,
  type PolicyDocument,
  wholePolicy,
} from "./policy.ts";

/** The whole policy of a caller on one stage of an API. */
export interface BuiltPolicy {
  /** `undefined` where it is in no answer of API Gateway's size; then it may be of megabytes. */
  readonly document: PolicyDocument | undefined;
  /** Of the policy as JSON. */
  readonly bytes: number;
}

/** What a policy was built for. */
interface Kept extends BuiltPolicy {
  readonly stage: string;
  readonly service: string;
  readonly websocket: boolean;
}

/** Policies that are kept, of all callers and stages. One is about 10 KB where permissions fill an answer, so they take 10 MB. */
const CAPACITY = 1024;

/**
 * Policies as they were built, one for each caller and stage. They hold for the very permissions that they were built from: read
 * anew, those are another object, and each policy is built anew.
 */
export class Policies {
  readonly #kept = new Map<string, { readonly granted: PermissionSet; readonly policies: readonly Kept[] }>();
  #count = 0;

  whole(principal: string, granted: PermissionSet, asked: AskedCall): BuiltPolicy {
    const kept = this.#kept.get(principal);
    const policies = kept?.granted === granted ? kept.policies : [];
    const stage = stageArn(asked.arn);
    const { service } = asked.access;
    const { websocket } = asked;
    for (const policy of policies) {
      if (policy.stage === stage && policy.service === service && policy.websocket === websocket) return policy;
    }
    const built = { stage, service, websocket, ...build(granted, asked) };
    this.#keep(principal, granted, policies, built);
    return built;
  }

  #keep(principal: string, granted: PermissionSet, policies: readonly Kept[], built: Kept): void {
    this.#count += policies.length + 1 - (this.#kept.get(principal)?.policies.length ?? 0);
    const isFull = this.#count > CAPACITY;
    if (isFull) {
      // All go at once: an order of use would cost each call more than to build them again costs a few.
      this.#kept.clear();
      this.#count = 1;
    }
    this.#kept.set(principal, { granted, policies: isFull ? [built] : [...policies, built] });
  }
}

function build(granted: PermissionSet, asked: AskedCall): BuiltPolicy {
  const document = wholePolicy(granted, asked);
  const bytes = Buffer.byteLength(JSON.stringify(document));
  const resources = document.Statement.flatMap(({ Resource }) => Resource);
  const fits = bytes <= MAX_ANSWER_BYTES && resources.every((resource) => resource.length <= MAX_RESOURCE_CHARACTERS);
  return { document: fits ? document : undefined, bytes };
}
