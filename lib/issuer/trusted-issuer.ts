import * as v from "valibot";
import {
  type DocumentVersion,
  formatVersion,
  parseDocument,
  type StoredDocument,
  strictDocument,
} from "../document.ts";
import { isDnsLabel } from "../names.ts";
import { ALGORITHMS, type Algorithm } from "./algorithm.ts";
import type { Network } from "./fetch-json.ts";

/** An issuer as its operator registered it: whose tokens are accepted, and how its keys are found. */
export interface TrustedIssuer {
  readonly url: string;
  /** The operator's name for the cluster; first part of every principal. */
  readonly cluster: string;
  readonly group?: string | undefined;
  readonly algorithms: readonly Algorithm[];
  /** Longest `exp - iat` that is accepted, in seconds. */
  readonly maxTokenLifetimeSeconds: number;
  readonly requireBoundPod: boolean;
  /** Epoch seconds; tokens issued earlier are refused. */
  readonly notBefore?: number | undefined;
  readonly disabled: boolean;
  readonly discoveryURL?: string | undefined;
  readonly jwksURL?: string | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly network: Network;
  /** `static`: nothing is fetched; the operator keeps the key set in the store. */
  readonly keys: "static" | "discovered";
  /** The issuer that this one takes over from: its URL, or its name below `issuers/`. No decision looks at it. */
  readonly replaces?: string | undefined;
  readonly document: DocumentVersion;
}

/** A day: what kubelet asks for at most by default (`token-expiration` of pod-identity-webhook), and twice its refresh. */
const DEFAULT_LIFETIME_SECONDS = 86_400;

const label = v.custom<string>(isDnsLabel, "is not a DNS-1123 label of at most 63 characters");

const fetchableUrl = v.pipe(
  v.string("is not a string"),
  v.check(isFetchable, "is not a URL `https://host/path` without user, query and fragment"),
);

const schema = strictDocument({
  version: formatVersion,
  url: v.string("is not a string"),
  cluster: label,
  group: v.optional(label),
  algorithms: v.optional(
    v.pipe(
      v.array(v.picklist(ALGORITHMS, `is none of ${ALGORITHMS.join(", ")}`), "is not a list"),
      v.minLength(1, "is empty; leave it out for RS256 and ES256"),
    ),
    ["RS256", "ES256"],
  ),
  maxTokenLifetimeSeconds: v.optional(wholeNumber(600, DEFAULT_LIFETIME_SECONDS), DEFAULT_LIFETIME_SECONDS),
  requireBoundPod: v.optional(v.boolean("is neither true nor false"), false),
  notBefore: v.optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
  disabled: v.optional(v.boolean("is neither true nor false"), false),
  discoveryURL: v.optional(fetchableUrl),
  jwksURL: v.optional(fetchableUrl),
  certificateAuthority: v.optional(
    v.pipe(v.string("is not a string"), v.includes("-----BEGIN CERTIFICATE-----", "is not a PEM certificate")),
  ),
  network: v.optional(v.picklist(["public", "private"], 'is neither "public" nor "private"'), "public"),
  keys: v.optional(v.picklist(["static", "discovered"], 'is neither "static" nor "discovered"'), "discovered"),
  replaces: v.optional(v.string("is not a string")),
});

/** Reads an issuer document. Throws `DOCUMENT_INVALID` and `DOCUMENT_TOO_NEW`. */
export function parseTrustedIssuer(stored: StoredDocument): TrustedIssuer {
  const { version: _, ...issuer } = parseDocument(stored, schema);
  return { ...issuer, document: { name: stored.name, version: stored.version } };
}

function wholeNumber(min: number, max: number) {
  const message = `is not a whole number from ${min} to ${max}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
}

/** Plain http is judged where the connection is made, which knows whether loopback is permitted. */
function isFetchable(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    (url.protocol === "https:" || url.protocol === "http:") &&
    url.username === "" &&
    url.password === "" &&
    !text.includes("?") &&
    !text.includes("#")
  );
}
