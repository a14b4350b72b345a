import { isJsonObject } from "./json.ts";

/** One thing that is wrong with a document. */
export interface DocumentProblem {
  /** Members and indexes that lead to it; empty where it is the document itself. */
  readonly path: readonly (string | number)[];
  /** Follows the path: `is not a list`. Where there is none, a sentence: `the document has neither a nor b`. */
  readonly text: string;
}

/** A reading under way: where it is, and what it has found wrong. */
export interface Reading {
  readonly path: (string | number)[];
  readonly problems: DocumentProblem[];
}

/**
 * Reads a value of a document: its type, its checks and their messages are one. What is wrong is noted in the reading, and
 * then nothing of what was read may be used.
 */
export type Reader<T> = (value: unknown, reading: Reading) => T;

export type ReadBy<R> = R extends Reader<infer T> ? T : never;

/** What a document has to say, or everything that is wrong with it. */
export function readBy<T>(
  reader: Reader<T>,
  value: unknown,
): { readonly read: T } | { readonly problems: DocumentProblem[] } {
  const reading: Reading = { path: [], problems: [] };
  const read = reader(value, reading);
  return reading.problems.length === 0 ? { read } : { problems: reading.problems };
}

/** Notes what is wrong with the value that is being read. What this returns stands for that value, and is never looked at. */
export function wrong({ path, problems }: Reading, text: string): never {
  problems.push({ path: [...path], text });
  return undefined as never;
}

/** Reads what is inside of the value that is being read. */
export function inside<T>(step: string | number, value: unknown, reader: Reader<T>, reading: Reading): T {
  reading.path.push(step);
  const read = reader(value, reading);
  reading.path.pop();
  return read;
}

/** A value that is taken as it is. */
export function value<T>(isAllowed: (value: unknown) => value is T, problem: string): Reader<T> {
  return (value, reading) => (isAllowed(value) ? value : wrong(reading, problem));
}

export function text(isAllowed: (text: string) => boolean = () => true, problem = ""): Reader<string> {
  return (value, reading) => {
    if (typeof value !== "string") return wrong(reading, "is not a string");
    return isAllowed(value) ? value : wrong(reading, problem);
  };
}

export function oneOf<const Word extends string>(words: readonly Word[], problem: string): Reader<Word> {
  return value((given): given is Word => (words as readonly unknown[]).includes(given), problem);
}

export const flag = value((given) => typeof given === "boolean", "is neither true nor false");

export function wholeNumber(min: number, max: number): Reader<number> {
  return value(
    (given): given is number => Number.isInteger(given) && (given as number) >= min && (given as number) <= max,
    `is not a whole number from ${min} to ${max}`,
  );
}

/** @param problemOfNone - why the list may not be empty, where it may not */
export function list<T>(item: Reader<T>, problemOfNone?: string): Reader<readonly T[]> {
  return (value, reading) => {
    if (!Array.isArray(value)) return wrong(reading, "is not a list");
    if (value.length === 0 && problemOfNone !== undefined) return wrong(reading, problemOfNone);
    return value.map((each, index) => inside(index, each, item, reading));
  };
}

/** A member that may be left out. */
export interface Optional<T, Initial> {
  readonly reader: Reader<T>;
  readonly initial: Initial;
}

export function optional<T>(reader: Reader<T>): Optional<T, undefined>;
export function optional<T>(reader: Reader<T>, initial: T): Optional<T, T>;
export function optional<T>(reader: Reader<T>, initial?: T): Optional<T, T | undefined> {
  return { reader, initial };
}

type Member = Reader<unknown> | Optional<unknown, unknown>;

type Members<M extends Readonly<Record<string, Member>>> = {
  readonly [Name in keyof M]: M[Name] extends Optional<infer T, infer Initial> ? T | Initial : ReadBy<M[Name]>;
};

/** An object that has these members of its own and no other: a misspelt check must not vanish. */
export function object<const M extends Readonly<Record<string, Member>>>(members: M): Reader<Members<M>> {
  const entries = Object.entries(members);
  return (value, reading) => {
    if (!isJsonObject(value)) return wrong(reading, "is not an object");
    const read: Record<string, unknown> = {};
    for (const [name, member] of entries) {
      const { reader, initial } = typeof member === "object" ? member : { reader: member, initial: missing };
      if (Object.hasOwn(value, name)) read[name] = inside(name, value[name], reader, reading);
      else if (initial === missing) inside(name, undefined, missing, reading);
      else if (initial !== undefined) read[name] = initial;
    }
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(members, name));
    if (unknown !== undefined) inside(unknown, undefined, unknownBeside(members), reading);
    return read as Members<M>;
  };
}

/** Of a member that has to be there and is not. */
export function missing(_: unknown, reading: Reading): never {
  return wrong(reading, "is missing");
}

function unknownBeside(members: object): Reader<never> {
  return (_, reading) => wrong(reading, `is unknown; allowed are ${Object.keys(members).join(", ")}`);
}
