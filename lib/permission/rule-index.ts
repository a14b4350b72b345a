import { type Access, METHODS, type Rule } from "./permission.ts";
import { Wildcard } from "./wildcard.ts";

/** One path of one rule. Several under one beginning are a chain: arrays would take a third more memory in all. */
interface Entry {
  /** A bit for each method that the rule names. */
  readonly methods: number;
  /** The rule's place in the document: of several that cover an access, the first is told. */
  readonly place: number;
  /** What has to follow the beginning; undefined where nothing may. */
  readonly rest: Wildcard | undefined;
  readonly next: Entry | undefined;
}

/** Paths of the rules for one service by how they begin: whole, or up to the last `/` before the first wildcard. */
interface Paths {
  readonly byBeginning: Map<string, Entry>;
  longest: number;
}

const METHOD_BITS: ReadonlyMap<string, number> = new Map(METHODS.map((method, index) => [method, 1 << index]));
const ALL_METHODS = (1 << METHODS.length) - 1;

/** Every service, of a deny. */
const EVERYWHERE = "*";

/** What follows the beginning of nearly every path that has a wildcard. */
const ANYTHING = new Wildcard("*");

/**
 * The rules of one document and effect, made ready to be searched. An access is held against those rules only whose paths
 * begin with as many whole segments of its path as they name: hundreds of rules cost what ten cost.
 */
export class RuleIndex {
  readonly #rules: readonly Rule[];
  readonly #byService = new Map<string, Paths>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    rules.forEach((rule, place) => {
      const methods = bitsOf(rule);
      for (const path of rule.paths) this.#add(rule.service, path, methods, place);
    });
  }

  /**
   * The first rule that covers the access: service, one of its methods, one of its paths.
   *
   * @param access - its path begins with `/`, as every path does that is decided on
   */
  find({ service, method, path }: Access): Rule | undefined {
    const methods = METHOD_BITS.get(method) ?? 0;
    const own = this.#placeIn(this.#byService.get(service), methods, path);
    const everywhere = this.#placeIn(this.#byService.get(EVERYWHERE), methods, path);
    return this.#rules[Math.min(own, everywhere)];
  }

  #add(service: string, path: string, methods: number, place: number): void {
    const paths = this.#byService.get(service) ?? { byBeginning: new Map(), longest: 0 };
    this.#byService.set(service, paths);
    const { beginning, rest } = split(path);
    paths.byBeginning.set(beginning, { methods, place, rest, next: paths.byBeginning.get(beginning) });
    paths.longest = Math.max(paths.longest, beginning.length);
  }

  /** The place of the first rule that covers the path; past the last one where none does. */
  #placeIn(paths: Paths | undefined, methods: number, path: string): number {
    let best = this.#rules.length;
    if (paths === undefined) return best;
    // Each beginning that ends with a `/`, then the whole path. None longer than any rule's is made.
    for (let end = 0; end < path.length && end < paths.longest; ) {
      const slash = path.indexOf("/", end);
      end = slash < 0 ? path.length : slash + 1;
      const first = paths.byBeginning.get(path.slice(0, end));
      for (let entry = first; entry !== undefined; entry = entry.next) {
        if (entry.place >= best || (entry.methods & methods) === 0) continue;
        if (entry.rest === undefined ? end === path.length : entry.rest.matches(path, end)) best = entry.place;
      }
    }
    return best;
  }
}

/** `*` alone has no `/` in front; whatever follows the one of the path is covered all the same. */
function split(path: string): { readonly beginning: string; readonly rest: Wildcard | undefined } {
  const wildcardAt = path.search(/[*?]/);
  if (wildcardAt < 0) return { beginning: path, rest: undefined };
  if (path === "*") return { beginning: "/", rest: ANYTHING };
  const end = path.lastIndexOf("/", wildcardAt) + 1;
  const rest = path.slice(end);
  return { beginning: path.slice(0, end), rest: rest === "*" ? ANYTHING : new Wildcard(rest) };
}

function bitsOf({ methods }: Rule): number {
  return methods.reduce((bits, method) => bits | (METHOD_BITS.get(method) ?? ALL_METHODS), 0);
}
