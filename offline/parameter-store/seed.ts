import { isMap, isScalar, isSeq, type Node, type YAMLMap } from "yaml";
import { issuerName } from "./issuer-name.ts";
import { readNewName } from "./parameter-name.ts";
import { Parameters } from "./parameters.ts";
import { SeedReader } from "./seed-reader.ts";
import { SsmError } from "./ssm-error.ts";

export interface SeedParameter {
  /** With the prefix. */
  readonly name: string;
  readonly value: string;
  readonly type: "String" | "SecureString";
}

export interface Seed {
  /** In front of every name. */
  readonly prefix: string;
  readonly parameters: readonly SeedParameter[];
}

const SECTIONS = ["prefix", "issuers", "documents", "secrets"];

/** As `PODGATE_PARAMETER_PREFIX` is written: at most three levels. */
const PREFIX = /^(?:\/[A-Za-z0-9_.-]+){1,3}$/;

/**
 * Reads a seed file:
 *
 * ```yaml
 * prefix: /podgate/offline             # in front of every name
 * issuers:                             # issuer documents; the name issuers/<issuer> is made from the url
 *   - url: ${clusters}/dev
 *     cluster: dev
 * documents:                           # name without the prefix: a document, stored as JSON
 *   permissions/dev/default/api:
 *     allow: [{ service: echo, methods: [GET], paths: ["*"] }]
 * secrets:                             # name without the prefix: text, stored as SecureString
 *   secrets/echo/token: a-token
 * ```
 *
 * `${name}` in keys and texts is the variable of that name; what it holds is taken as it is. Only `prefix` is required.
 * Throws SeedError, one line with file, line and fault: unreadable YAML, a key given twice, an unknown variable or section,
 * a name or value that the parameter store would refuse. No value is part of a message.
 *
 * @param file - what messages call the text
 */
export function readSeed(yamlText: string, variables: Readonly<Record<string, string>> = {}, file = "seed.yml"): Seed {
  const reader = new SeedReader(yamlText, variables, file);
  const sections = sectionsOf(reader);

  const prefixNode = sections.get("prefix");
  if (prefixNode === undefined) throw reader.error(reader.root, "prefix is missing");
  const prefix = reader.text(prefixNode, "prefix");
  if (!PREFIX.test(prefix)) throw reader.error(prefixNode, "prefix is one to three levels such as /podgate/offline");

  // A store of its own tells whether the real one would take the parameter.
  const trial = new Parameters(() => 0);
  const found: SeedParameter[] = [];
  const add = (node: Node, relativeName: string, value: string, type: SeedParameter["type"]) => {
    const name = `${prefix}/${relativeName}`;
    try {
      trial.put({ name: readNewName(name), value, type, overwrite: false, tier: "Intelligent-Tiering" });
    } catch (error) {
      if (!(error instanceof SsmError)) throw error;
      if (error.name === "ParameterAlreadyExists") throw reader.error(node, `${name} is given twice`);
      throw reader.error(node, `${name} is refused by the parameter store: ${error.message}`);
    }
    found.push({ name, value, type });
  };

  const issuers = sections.get("issuers");
  if (issuers !== undefined && !isSeq(issuers)) throw reader.error(issuers, "issuers is a list of issuer documents");
  for (const item of issuers?.items ?? []) {
    const node = reader.node(item);
    add(node, `issuers/${issuerName(urlOf(reader, node))}`, documentText(reader, node, "an issuer"), "String");
  }
  for (const { node, name, value } of entriesOf(reader, sections.get("documents"), "documents")) {
    add(node, name, documentText(reader, value, name), "String");
  }
  for (const { node, name, value } of entriesOf(reader, sections.get("secrets"), "secrets")) {
    const text = reader.text(value, name);
    if (text === "") throw reader.error(value, `${name} is empty`);
    add(node, name, text, "SecureString");
  }
  return { prefix, parameters: found };
}

/** The sections by name. One with nothing in it is as good as absent. */
function sectionsOf(reader: SeedReader): Map<string, Node> {
  const sections = new Map<string, Node>();
  for (const { node, name, value } of entriesOf(reader, reader.root, "the file")) {
    if (!SECTIONS.includes(name)) throw reader.error(node, `unknown member ${name}: known are ${SECTIONS.join(", ")}`);
    if (!isScalar(value) || value.value !== null) sections.set(name, value);
  }
  return sections;
}

interface Entry {
  /** The key. */
  readonly node: Node;
  readonly name: string;
  readonly value: Node;
}

function entriesOf(reader: SeedReader, node: Node | undefined, what: string): readonly Entry[] {
  if (node === undefined) return [];
  if (!isMap(node)) throw reader.error(node, `${what} is a mapping`);
  return reader.entries(node);
}

function urlOf(reader: SeedReader, node: Node): string {
  const member = isMap(node) ? reader.entries(node as YAMLMap).find(({ name }) => name === "url") : undefined;
  if (member === undefined) throw reader.error(node, "an issuer is a document with a member url");
  const url = reader.text(member.value, "url");
  if (!/^https?:\/\/./.test(url)) throw reader.error(member.value, "url begins with https:// or http://");
  return url;
}

function documentText(reader: SeedReader, node: Node, what: string): string {
  if (!isMap(node)) throw reader.error(node, `${what} is a document, that is a mapping`);
  return JSON.stringify(reader.json(node));
}
