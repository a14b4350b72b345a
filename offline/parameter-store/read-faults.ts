import { FAULT_KINDS, type Fault, type FaultKind } from "./faults.ts";

const MEMBERS = ["kind", "operation", "calls", "delayMilliseconds", "readsPerSecond", "writesPerSecond"];

/**
 * Checks faults, given as one or as a list. Throws RangeError with one line which says what is wrong: a typing error must
 * not leave a test without its fault.
 * @param operations - the operations there are
 */
export function readFaults(given: unknown, operations: readonly string[]): readonly Fault[] {
  return (Array.isArray(given) ? given : [given]).map((each: unknown) => readFault(each, operations));
}

function readFault(given: unknown, operations: readonly string[]): Fault {
  if (typeof given !== "object" || given === null) throw new RangeError("a fault is an object with a member kind");
  const fault = given as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(fault).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) throw new RangeError(`a fault has no member ${unknown}: known are ${MEMBERS.join(", ")}`);

  const kind = FAULT_KINDS.find((each) => each === fault.kind);
  if (kind === undefined) throw new RangeError(`kind is one of ${FAULT_KINDS.join(", ")}`);
  const { operation } = fault;
  if (operation !== undefined && (typeof operation !== "string" || !operations.includes(operation))) {
    throw new RangeError(`operation is one of ${operations.join(", ")}`);
  }
  if (fault.calls !== undefined && !isNumber(fault.calls, (calls) => Number.isInteger(calls) && calls >= 1)) {
    throw new RangeError("calls is a whole number, at least 1");
  }
  const delayMilliseconds = ofKind(
    "delay",
    "delayMilliseconds",
    fault,
    kind,
    (value) => value >= 0 && value <= 600_000,
  );
  if (kind === "delay" && delayMilliseconds === undefined) throw new RangeError("delay needs delayMilliseconds");
  const readsPerSecond = ofKind("rate-limit", "readsPerSecond", fault, kind, (value) => value >= 1);
  const writesPerSecond = ofKind("rate-limit", "writesPerSecond", fault, kind, (value) => value >= 1);
  return {
    kind,
    ...(typeof operation === "string" ? { operation } : {}),
    ...(typeof fault.calls === "number" ? { calls: fault.calls } : {}),
    ...(delayMilliseconds === undefined ? {} : { delayMilliseconds }),
    ...(readsPerSecond === undefined ? {} : { readsPerSecond }),
    ...(writesPerSecond === undefined ? {} : { writesPerSecond }),
  };
}

function ofKind(
  owner: FaultKind,
  member: string,
  fault: Readonly<Record<string, unknown>>,
  kind: FaultKind,
  fits: (value: number) => boolean,
): number | undefined {
  const value = fault[member];
  if (value === undefined) return undefined;
  if (kind !== owner) throw new RangeError(`${member} belongs to the fault ${owner}`);
  if (!isNumber(value, fits)) throw new RangeError(`${member} is out of range`);
  return value;
}

function isNumber(value: unknown, fits: (value: number) => boolean): value is number {
  return typeof value === "number" && Number.isFinite(value) && fits(value);
}
