import { METHODS } from "../../lib/permission/permission.ts";
import { findPath, type PathQuestion } from "./find-path.ts";

/** How much of an allow denies take back. `unknown`: the patterns are too tangled to tell. */
export type Beaten = "no" | "some" | "all" | "unknown";

/** What a rule covers, wherever it is written. */
export interface Covering {
  readonly service: string;
  readonly methods: readonly string[];
  readonly paths: readonly string[];
}

/** Compares what rules cover. Questions that come again are answered from memory: many documents are alike. */
export class Coverage {
  readonly #paths = new Map<string, string | undefined>();

  /** How much of an allow these denies take back, and which of them have a part in it. */
  beatenBy<Deny extends Covering>(
    allow: Covering,
    denies: readonly Deny[],
  ): { readonly beaten: Beaten; readonly by: readonly Deny[] } {
    try {
      const by = denies.filter((deny) => this.meets(allow, deny));
      if (by.length === 0) return { beaten: "no", by };
      return { beaten: this.isCovered(allow, by) ? "all" : "some", by };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { beaten: "unknown", by: denies.filter((deny) => deny.service === "*" || deny.service === allow.service) };
    }
  }

  /** Whether some call is covered by both. Throws RangeError where that cannot be told. */
  meets(one: Covering, other: Covering): boolean {
    if (one.service !== "*" && other.service !== "*" && one.service !== other.service) return false;
    if (!methodsOf(one).some((method) => methodsOf(other).includes(method))) return false;
    return one.paths.some((path) =>
      other.paths.some((pattern) => this.findPath({ all: [path, pattern], none: [] }) !== undefined),
    );
  }

  /** Whether every call that the rule covers is covered by the others together. Throws RangeError as well. */
  isCovered(rule: Covering, others: readonly Covering[]): boolean {
    const same = others.filter(({ service }) => service === "*" || service === rule.service);
    if (same.length === 0) return false;
    return methodsOf(rule).every((method) => {
      const none = same.filter((other) => methodsOf(other).includes(method)).flatMap(({ paths }) => paths);
      return rule.paths.every((path) => none.includes(path) || this.findPath({ all: [path], none }) === undefined);
    });
  }

  findPath(question: PathQuestion): string | undefined {
    const key = JSON.stringify([question.all, question.none]);
    if (this.#paths.has(key)) return this.#paths.get(key);
    const path = findPath(question);
    this.#paths.set(key, path);
    return path;
  }
}

/** The methods that a rule covers, by name. */
export function methodsOf({ methods }: Covering): readonly string[] {
  return methods.includes("*") ? METHODS : methods;
}
