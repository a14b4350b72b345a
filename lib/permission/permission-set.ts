import type { Awaitable } from "../awaitable.ts";
import { type DocumentVersion, formatVersion, parseDocument, type StoredDocument } from "../document.ts";
import { list, object, optional, text, value } from "../document-reader.ts";
import { isDnsLabel, type Principal } from "../names.ts";
import { isMethod, METHODS, type Rule } from "./permission.ts";
import { RuleIndex } from "./rule-index.ts";

/** A permission document as stored for one principal, namespace, cluster, group or everybody. */
export interface PermissionDocument {
  readonly allow: readonly Rule[];
  readonly deny: readonly Rule[];
  /** The same rules, made ready to be searched. */
  readonly index: { readonly allow: RuleIndex; readonly deny: RuleIndex };
  readonly document: DocumentVersion;
}

/** Every document that applies to one principal. They add up; none means that nothing is allowed. */
export interface PermissionSet {
  readonly documents: readonly PermissionDocument[];
}

/** Where permissions come from: at once where they are in memory. Rejects with `PARAMETERS_UNAVAILABLE`, `DOCUMENT_INVALID`, `DOCUMENT_TOO_NEW`. */
export interface PermissionSource {
  find(principal: Principal, group: string | undefined): Awaitable<PermissionSet>;
}

const methods = value(isMethodList, `is not a list of ${METHODS.join(", ")}, nor exactly ["*"]`);

const paths = list(
  text(
    isPathPattern,
    "is neither * nor a path that begins with / in printable ASCII, without %, ${, // and dot segments",
  ),
  "is empty",
);

const service = value(isDnsLabel, 'is not a DNS-1123 label ("*" is for deny only)');
const serviceOrAll = value(
  (name): name is string => name === "*" || isDnsLabel(name),
  'is neither "*" nor a DNS-1123 label',
);

const document = object({
  version: formatVersion,
  allow: optional(list(object({ service, methods, paths })), []),
  deny: optional(list(object({ service: serviceOrAll, methods, paths })), []),
});

/** Reads a permission document. Throws `DOCUMENT_INVALID` and `DOCUMENT_TOO_NEW`. */
export function parsePermissionDocument(stored: StoredDocument): PermissionDocument {
  const written = parseDocument(stored, document);
  const allow = written.allow.map((rule, index) => ({ ...rule, origin: `${stored.name}#allow[${index}]` }));
  const deny = written.deny.map((rule, index) => ({ ...rule, origin: `${stored.name}#deny[${index}]` }));
  return {
    allow,
    deny,
    index: { allow: new RuleIndex(allow), deny: new RuleIndex(deny) },
    document: { name: stored.name, version: stored.version },
  };
}

function isMethodList(methods: unknown): methods is Rule["methods"] {
  if (!Array.isArray(methods) || methods.length === 0) return false;
  return (methods.length === 1 && methods[0] === "*") || methods.every(isMethod);
}

/** `%` would be a second spelling, `${` a policy variable of IAM, and `//` or a dot segment no path that is decided on. */
function isPathPattern(pattern: string): boolean {
  if (pattern === "*") return true;
  return (
    /^\/[ -~]*$/.test(pattern) &&
    !pattern.includes("%") &&
    !pattern.includes("${") &&
    !pattern.includes("//") &&
    !pattern.split("/").some((segment) => segment === "." || segment === "..")
  );
}
