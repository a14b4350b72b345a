import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";

/** A seed file that cannot be used: one line, `<file>:<line>: <what>`. */
export class SeedError extends Error {
  override readonly name: string = "SeedError";
}

/** Deep enough for any document; ends what refers to itself. */
const MAX_DEPTH = 50;

/** YAML whose nodes keep their lines, with variables put in as values are taken out. */
export class SeedReader {
  readonly root: Node;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #resolve: (node: Node) => Node | undefined;

  /** Throws SeedError for what is not one YAML document, a key given twice included. */
  constructor(yamlText: string, variables: Readonly<Record<string, string>>, file: string) {
    this.#variables = variables;
    this.#file = file;
    const document = parseDocument(yamlText, { lineCounter: this.#lines, prettyErrors: false });
    this.#resolve = (node) => (isAlias(node) ? node.resolve(document) : node);
    const [fault] = [...document.errors, ...document.warnings];
    // Not the message of the parser, which may quote a secret.
    if (fault !== undefined)
      throw this.#errorAt(fault.pos[0], `not YAML: ${fault.code.toLowerCase().replaceAll("_", " ")}`);
    if (!isMap(document.contents)) throw this.#errorAt(0, "a seed is a mapping");
    this.root = document.contents;
  }

  error(node: Node, what: string): SeedError {
    return this.#errorAt(node.range?.[0] ?? 0, what);
  }

  /** What an alias stands for; any other node as it is. Throws SeedError for an alias without an anchor. */
  node(value: unknown): Node {
    if (!isNode(value)) throw this.error(this.root, "a value is missing");
    const node = this.#resolve(value);
    if (node === undefined) throw this.error(value, "an alias without an anchor");
    return node;
  }

  /** The pairs of a mapping, in order. Throws SeedError when two keys are one after their variables are put in. */
  entries(map: YAMLMap): { readonly node: Node; readonly name: string; readonly value: Node }[] {
    const seen = new Set<string>();
    return map.items.map((pair) => {
      const node = this.node(pair.key);
      if (!isScalar(node) || node.value === null || node.value === "") throw this.error(node, "a key is text");
      const name = this.#substitute(String(node.value), node);
      if (seen.has(name)) throw this.error(node, `${name} is given twice`);
      seen.add(name);
      if (pair.value === null) throw this.error(node, `${name} has no value`);
      return { node, name, value: this.node(pair.value) };
    });
  }

  /** @param what - what the text is, for the message */
  text(node: Node, what: string): string {
    if (!isScalar(node) || typeof node.value !== "string")
      throw this.error(node, `${what} is text (a number needs quotes)`);
    return this.#substitute(node.value, node);
  }

  /** The value as JSON has it. Throws SeedError for what JSON cannot say. */
  json(node: Node, depth = 0): unknown {
    if (depth > MAX_DEPTH) throw this.error(node, `deeper than ${MAX_DEPTH} levels`);
    if (isMap(node)) {
      return Object.fromEntries(this.entries(node).map(({ name, value }) => [name, this.json(value, depth + 1)]));
    }
    if (isSeq(node)) return node.items.map((item) => this.json(this.node(item), depth + 1));
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === "string") return this.#substitute(value, node);
    if (value === null || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value)))
      return value;
    throw this.error(node, "not a value of JSON");
  }

  #substitute(text: string, node: Node): string {
    return text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
      const value = Object.hasOwn(this.#variables, name) ? this.#variables[name] : undefined;
      if (value !== undefined) return value;
      const known = Object.keys(this.#variables).join(", ");
      throw this.error(node, `unknown variable ${name}: known are ${known === "" ? "none" : known}`);
    });
  }

  #errorAt(offset: number, what: string): SeedError {
    return new SeedError(`${this.#file}:${Math.max(1, this.#lines.linePos(offset).line)}: ${what}`);
  }
}
