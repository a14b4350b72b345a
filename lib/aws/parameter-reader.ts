import type { StoredDocument } from "../document.ts";
import type { ParameterName } from "./parameter-names.ts";

/** SSM takes ten names a call (GetParameters, `Names`). */
export const MAX_NAMES = 10;

/**
 * Reads up to ten distinct parameters in one call; what does not exist is not in the answer. Throws
 * `PARAMETERS_UNAVAILABLE` within a second where the store does not answer, refuses or answers nonsense.
 */
export type ReadParameters = (names: readonly ParameterName[]) => Promise<ReadonlyMap<string, StoredDocument>>;

interface Batch {
  readonly names: Set<ParameterName>;
  readonly answer: Promise<ReadonlyMap<string, StoredDocument>>;
}

/**
 * Puts reads that are asked for in one turn of the event loop into one call, so that a request's documents come in one
 * trip and documents that expired together are read together.
 */
export function batchReads(read: ReadParameters): ReadParameters {
  let open: Batch | undefined;

  const startBatch = (): Batch => {
    const names = new Set<ParameterName>();
    const answer = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      if (open?.names === names) open = undefined;
      return read([...names]);
    });
    return { names, answer };
  };

  return (names) => {
    const joined = new Set([...(open?.names ?? []), ...names]);
    if (open === undefined || joined.size > MAX_NAMES) open = startBatch();
    for (const name of names) open.names.add(name);
    return open.answer;
  };
}
