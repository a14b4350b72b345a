import { type Input, type Members, readMembers } from "./members.ts";
import type { Parameters } from "./parameters.ts";

/** What an operation works on. */
export interface OperationContext {
  readonly parameters: Parameters;
  /** Called before a SecureString is decrypted; throws what KMS would refuse it with. */
  readonly decrypting: () => void;
  readonly pageFault: "empty" | "endless" | undefined;
}

/** Answers one request: its body as parsed, then the body of the answer. Throws SsmError. */
export type Operation = (body: unknown, context: OperationContext) => object;

export const NAME = { type: "string", required: true, min: 1, max: 2048 } as const;
export const NAMES = { type: "strings", required: true, min: 1, max: 10 } as const;
export const DECRYPTION = { type: "boolean" } as const;
export const TOKEN = { type: "string" } as const;

export function operation<M extends Members>(
  members: M,
  run: (input: Input<M>, context: OperationContext) => object,
): Operation {
  return (body, context) => run(readMembers(members, body), context);
}
