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

interface Kept extends BuiltPolicy {
  readonly granted: PermissionSet;
}

/** About 10 KB each where permissions fill an answer, so 10 MB at most. */
const CAPACITY = 1024;

/**
 * Policies as they were built, one for each caller and stage. Each holds for the very permissions it was built from: read
 * anew, they are another object, and the policy is built anew.
 */
export class Policies {
  readonly #kept = createLru<string, Kept>(CAPACITY);

  whole(principal: string, granted: PermissionSet, asked: AskedCall): BuiltPolicy {
    const kind = asked.websocket ? "$connect" : "";
    const key = `${principal} ${asked.access.service} ${kind} ${stageArn(asked.arn)}`;
    const kept = this.#kept.get(key);
    if (kept?.granted === granted) return kept;
    const built = build(granted, asked);
    this.#kept.set(key, built);
    return built;
  }
}

function build(granted: PermissionSet, asked: AskedCall): Kept {
  const document = wholePolicy(granted, asked);
  const resources = document.Statement.flatMap(({ Resource }) => Resource);
  return {
    granted,
    document,
    bytes: Buffer.byteLength(JSON.stringify(document)),
    hasFittingResources: resources.every((resource) => resource.length <= MAX_RESOURCE_CHARACTERS),
  };
}
