import type { Operation, OperationContext } from "./operation.ts";
import { READS } from "./reads.ts";
import { SsmError } from "./ssm-error.ts";
import { WRITES } from "./writes.ts";

const OPERATIONS: Readonly<Record<string, Operation>> = { ...READS, ...WRITES };

export const OPERATION_NAMES: readonly string[] = Object.keys(OPERATIONS);

/** Whether `operation` changes parameters. Throws UnknownOperationException where there is no such operation. */
export function isWrite(operation: string): boolean {
  if (!Object.hasOwn(OPERATIONS, operation)) throw new SsmError("UnknownOperationException");
  return Object.hasOwn(WRITES, operation);
}

/** Answers a call of `operation`. Throws SsmError. */
export function perform(operation: string, body: unknown, context: OperationContext): object {
  const run = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
  if (run === undefined) throw new SsmError("UnknownOperationException");
  return run(body, context);
}

/** The names, or the path, that a body asks for, as they were sent; none where it has none. */
export function askedNames(body: unknown): readonly string[] {
  if (typeof body !== "object" || body === null) return [];
  const { Name, Names, Path } = body as Readonly<Record<string, unknown>>;
  return [Name, Path, ...(Array.isArray(Names) ? Names : [])].filter((each) => typeof each === "string");
}
