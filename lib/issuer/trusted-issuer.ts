import { type DocumentVersion, formatVersion, parseDocument, type StoredDocument } from "../document.ts";
import { flag, list, object, oneOf, optional, text, value, wholeNumber } from "../document-reader.ts";
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

const label = value(isDnsLabel, "is not a DNS-1123 label of at most 63 characters");

const fetchableUrl = text(isFetchable, "is not a URL `https://host/path` without user, query and fragment");

const document = object({
  version: formatVersion,
  url: text(),
  cluster: label,
  group: optional(label),
  algorithms: optional(
    list(oneOf(ALGORITHMS, `is none of ${ALGORITHMS.join(", ")}`), "is empty; leave it out for RS256 and ES256"),
    ["RS256", "ES256"],
  ),
  maxTokenLifetimeSeconds: optional(wholeNumber(600, DEFAULT_LIFETIME_SECONDS), DEFAULT_LIFETIME_SECONDS),
  requireBoundPod: optional(flag, false),
  notBefore: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
  disabled: optional(flag, false),
  discoveryURL: optional(fetchableUrl),
  jwksURL: optional(fetchableUrl),
  certificateAuthority: optional(
    text((pem) => pem.includes("-----BEGIN CERTIFICATE-----"), "is not a PEM certificate"),
  ),
  network: optional(oneOf(["public", "private"], 'is neither "public" nor "private"'), "public"),
  keys: optional(oneOf(["static", "discovered"], 'is neither "static" nor "discovered"'), "discovered"),
  replaces: optional(text()),
});

/** Reads an issuer document. Throws `DOCUMENT_INVALID` and `DOCUMENT_TOO_NEW`. */
export function parseTrustedIssuer(stored: StoredDocument): TrustedIssuer {
  const { version: _, ...issuer } = parseDocument(stored, document);
  return { ...issuer, document: { name: stored.name, version: stored.version } };
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
