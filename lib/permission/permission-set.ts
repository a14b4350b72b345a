import * as v from "valibot";
import type { Awaitable } from "../awaitable.ts";
import {
  type DocumentVersion,
  formatVersion,
  parseDocument,
  type StoredDocument,
  strictDocument,
} from "../document.ts";
import { isDnsLabel, type Principal } from "../names.ts";
import { METHODS, type Rule } from "./permission.ts";
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

const methodsProblem = `is not a list of ${METHODS.join(", ")}, nor exactly ["*"]`;
const methods = v.union(
  [v.strictTuple([v.literal("*")]), v.pipe(v.array(v.picklist(METHODS)), v.minLength(1, methodsProblem))],
  methodsProblem,
);

const paths = v.pipe(
  v.array(
    v.pipe(
      v.string("is not a string"),
      v.check(
        isPathPattern,
        "is neither * nor a path that begins with / in printable ASCII, without %, ${, // and dot segments",
      ),
    ),
    "is not a list",
  ),
  v.minLength(1, "is empty"),
);

const service = v.custom<string>(isDnsLabel, 'is not a DNS-1123 label ("*" is for deny only)');
const serviceOrAll = v.custom<string>(
  (value) => value === "*" || isDnsLabel(value),
  'is neither "*" nor a DNS-1123 label',
);

const schema = strictDocument({
  version: formatVersion,
  allow: v.optional(v.array(strictDocument({ service, methods, paths }), "is not a list"), []),
  deny: v.optional(v.array(strictDocument({ service: serviceOrAll, methods, paths }), "is not a list"), []),
});

/** Reads a permission document. Throws `DOCUMENT_INVALID` and `DOCUMENT_TOO_NEW`. */
export function parsePermissionDocument(stored: StoredDocument): PermissionDocument {
  const written = parseDocument(stored, schema);
  const allow = written.allow.map((rule, index) => ({ ...rule, origin: `${stored.name}#allow[${index}]` }));
  const deny = written.deny.map((rule, index) => ({ ...rule, origin: `${stored.name}#deny[${index}]` }));
  return {
    allow,
    deny,
    index: { allow: new RuleIndex(allow), deny: new RuleIndex(deny) },
    document: { name: stored.name, version: stored.version },
  };
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
