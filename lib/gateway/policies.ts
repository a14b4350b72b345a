import { createLru } from "../lru.ts";
import type { PermissionSet } from "../permission/permission-set.ts";
import { stageArn } from "./execute-api-arn.ts";
import { type AskedCall, MAX_RESOURCE_CHARACTERS, type PolicyDocument, wholePolicy } from "./policy.ts";

/** The whole policy of a caller on one stage of an API, and what its size allows. */
export interface BuiltPolicy {
  readonly document: PolicyDocument;
  /** Of the policy as JSON. */
  readonly bytes: number;
  readonly hasFittingResources: boolean;
}

/** What a policy was built for. */
interface Kept extends BuiltPolicy {
  readonly stage: string;
  readonly service: string;
  readonly websocket: boolean;
}

/** Callers whose policies are kept. One is about 10 KB where permissions fill an answer, so they take 10 MB for each stage. */
const CAPACITY = 1024;

/**
 * Policies as they were built, one for each caller and stage. They hold for the very permissions that they were built from: read
 * anew, those are another object, and each policy is built anew.
 */
export class Policies {
  readonly #kept = createLru<string, { readonly granted: PermissionSet; readonly policies: Kept[] }>(CAPACITY);

  whole(principal: string, granted: PermissionSet, asked: AskedCall): BuiltPolicy {
    let kept = this.#kept.get(principal);
    if (kept?.granted !== granted) {
      kept = { granted, policies: [] };
      this.#kept.set(principal, kept);
    }
    const stage = stageArn(asked.arn);
    const { service } = asked.access;
    const { websocket } = asked;
    for (const policy of kept.policies) {
      if (policy.stage === stage && policy.service === service && policy.websocket === websocket) return policy;
    }
    const built = { stage, service, websocket, ...build(granted, asked) };
    kept.policies.push(built);
    return built;
  }
}

function build(granted: PermissionSet, asked: AskedCall): BuiltPolicy {
  const document = wholePolicy(granted, asked);
  const resources = document.Statement.flatMap(({ Resource }) => Resource);
  return {
    document,
    bytes: Buffer.byteLength(JSON.stringify(document)),
    hasFittingResources: resources.every((resource) => resource.length <= MAX_RESOURCE_CHARACTERS),
  };
}
