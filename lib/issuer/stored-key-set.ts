import { type DocumentVersion, formatVersion, parseDocument, type StoredDocument } from "../document.ts";
import { list, object, oneOf, optional, text, value } from "../document-reader.ts";
import { GatewayError } from "../errors.ts";
import { keySource } from "./discovery.ts";
import { type KeySet, readKeySet } from "./key-set.ts";
import type { TrustedIssuer } from "./trusted-issuer.ts";

/** A key set from the store: a snapshot that `refresh-keys` took, or what the operator put there. */
export interface StoredKeySet {
  readonly issuer: string;
  /** Epoch seconds at which the keys were fetched; of a static set, when it was written. */
  readonly fetchedAt: number;
  readonly source: "discovered" | "static";
  /** Where a snapshot's keys were looked for, a `keySource`. */
  readonly from?: string | undefined;
  readonly keys: KeySet;
  readonly document: DocumentVersion;
}

const document = object({
  version: formatVersion,
  issuer: text(),
  fetchedAt: value((seconds): seconds is number => Number.isFinite(seconds), "is not a finite number"),
  source: oneOf(["discovered", "static"], 'is neither "discovered" nor "static"'),
  from: optional(text()),
  keys: list(
    object({
      kid: text(),
      kty: text(),
      alg: optional(text()),
      use: optional(text()),
      crv: optional(text()),
      x: optional(text()),
      y: optional(text()),
      n: optional(text()),
      e: optional(text()),
    }),
  ),
});

/** Reads a key set document. Throws `DOCUMENT_INVALID` and `DOCUMENT_TOO_NEW`. */
export function parseStoredKeySet(stored: StoredDocument): StoredKeySet {
  const { issuer, fetchedAt, source, from, keys: listed } = parseDocument(stored, document);
  const keys = readKeySet({ keys: listed });
  if (typeof keys === "string") {
    throw new GatewayError(
      "DOCUMENT_INVALID",
      `parameter ${stored.name} (version ${stored.version}) cannot be used: ${keys}`,
    );
  }
  return { issuer, fetchedAt, source, from, keys, document: { name: stored.name, version: stored.version } };
}

/** A snapshot from the future is a wrong clock or a forgery; a minute is what clocks may differ. */
const MAX_AHEAD_SECONDS = 60;

/** @param now - epoch seconds */
export function isAhead({ fetchedAt }: StoredKeySet, now: number): boolean {
  return fetchedAt > now + MAX_AHEAD_SECONDS;
}

/**
 * Whether a stored set is this issuer's, of the kind that its document calls for, from where that document points, and not
 * from the future.
 */
export function belongsTo(stored: StoredKeySet, issuer: TrustedIssuer, now: number): boolean {
  return (
    stored.issuer === issuer.url && stored.source === issuer.keys && isFrom(stored, issuer) && !isAhead(stored, now)
  );
}

/** Keys that were fetched where the issuer document no longer points are nobody's. A static set comes from nowhere. */
export function isFrom({ source, from }: StoredKeySet, issuer: TrustedIssuer): boolean {
  return source === "static" || from === undefined || from === keySource(issuer);
}
