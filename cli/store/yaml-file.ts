import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Document as YamlDocument,
} from "yaml";
import { CliError, EXIT } from "../exit-code.ts";
import type { DocumentPath } from "./document-store.ts";

/** A YAML file whose values are JSON's, and which knows on which line each of them stands. */
export class YamlFile {
  readonly file: string;
  readonly #document: YamlDocument.Parsed;
  readonly #lines = new LineCounter();

  /** Throws `CliError` for what is not one YAML document: a member written twice, an alias to nothing, a tag. */
  constructor(file: string, text: string) {
    this.file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, version: "1.2" });
    const [fault] = [...this.#document.errors, ...this.#document.warnings];
    if (fault !== undefined) {
      // Not the parser's message, which quotes the file.
      const what =
        fault.code === "DUPLICATE_KEY" ? "a member is written twice" : fault.code.toLowerCase().replaceAll("_", " ");
      throw new CliError(EXIT.INPUT, `${file}:${this.#lineAt(fault.pos[0])}: not readable as YAML: ${what}`);
    }
  }

  get isEmpty(): boolean {
    const { contents } = this.#document;
    return contents === null || (isScalar(contents) && contents.value === null);
  }

  /** The whole file as JSON has it. Throws `CliError` for what JSON cannot say, and for aliases that blow up. */
  toJson(): unknown {
    try {
      let hasAnchors = false;
      const value: unknown = this.#document.toJS({
        maxAliasCount: 100,
        onAnchor: () => {
          hasAnchors = true;
        },
      });
      // An alias inside what it stands for has no end, and nothing but an anchor makes one.
      if (hasAnchors) JSON.stringify(value);
      return value;
    } catch {
      throw new CliError(EXIT.INPUT, `${this.file}: not readable as YAML: its aliases cannot be resolved`);
    }
  }

  /** The members of the file, in order, as the file spells them. Throws `CliError` where it is no mapping of names. */
  members(what: string): readonly string[] {
    const { contents } = this.#document;
    if (!isMap(contents)) throw new CliError(EXIT.INPUT, `${this.file}:1: expected a mapping of ${what}`);
    return contents.items.map(({ key }) => {
      if (isScalar(key) && typeof key.value === "string") return key.value;
      throw new CliError(EXIT.INPUT, `${this.file}:${this.#lineOf(isNode(key) ? key : null)}: a name is text`);
    });
  }

  /** `<file>:<line>` of the member or item, or of the nearest thing around it that is there. */
  locate(path: DocumentPath): string {
    let line = 1;
    let node: unknown = this.#document.contents;
    for (const step of path) {
      const at = isNode(node) ? memberOf(node, step, this.#document) : undefined;
      if (at === undefined) break;
      line = this.#lineOf(at.place);
      node = at.value;
    }
    return `${this.file}:${line}`;
  }

  #lineOf(node: Node | null): number {
    return this.#lineAt(node?.range?.[0] ?? 0);
  }

  #lineAt(offset: number): number {
    return Math.max(1, this.#lines.linePos(offset).line);
  }
}

interface Member {
  readonly place: Node | null;
  readonly value: unknown;
}

function memberOf(node: Node, step: string | number, document: YamlDocument.Parsed): Member | undefined {
  const target = isAlias(node) ? node.resolve(document) : node;
  if (isMap(target)) {
    const pair = target.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    return pair && { place: isNode(pair.key) ? pair.key : null, value: pair.value };
  }
  const item = isSeq(target) && typeof step === "number" ? target.items[step] : undefined;
  return isNode(item) ? { place: item, value: item } : undefined;
}
