import { hash } from "node:crypto";
import type { KeySet, VerificationKey } from "../../lib/issuer/key-set.ts";
import { snapshotText } from "../../lib/issuer/key-snapshot.ts";
import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import { printable } from "../printable.ts";
import type { Finding } from "./finding.ts";

/** Largest value of a parameter: what is larger has no snapshot (PutParameter, `Value`). */
const MAX_SNAPSHOT_CHARACTERS = 8192;

/** What keys the functions have of an issuer. @param document - the key set as it came, where it came from the issuer */
export function keyFindings(issuer: TrustedIssuer, keys: KeySet, document: unknown, where: string): Finding[] {
  const findings: Finding[] = [];
  const add = (severity: Finding["severity"], check: "key" | "key-set", text: string) =>
    findings.push({ severity, check, where, text });
  const materials = new Map<string, string>();
  for (const key of keys.values()) {
    const name = printable(key.keyId, 128);
    if ("unfit" in key) {
      add("warning", "key", `key ${name} cannot be used, and its tokens are refused: ${key.unfit}`);
      continue;
    }
    const twin = materials.get(key.fingerprint);
    materials.set(key.fingerprint, name);
    if (twin !== undefined) add("warning", "key", `keys ${twin} and ${name} are one key under two names`);
    if (issuer.algorithms.includes(key.algorithm)) add("ok", "key", `key ${name}: ${describe(key)}`);
    else {
      const text = `key ${name} is for ${key.algorithm}, which the issuer document does not allow; say "algorithms": ${JSON.stringify([...issuer.algorithms, key.algorithm])}`;
      add("warning", "key", text);
    }
  }
  const nameless = listed(document).filter(({ kid }) => typeof kid !== "string" || kid === "").length;
  if (nameless > 0) add("warning", "key", `${nameless} of its keys have no \`kid\`: no token can name them`);
  const characters = snapshotText(issuer, keys, 0).length;
  if (issuer.keys === "discovered" && characters > MAX_SNAPSHOT_CHARACTERS) {
    const text = `its keys need ${characters} characters and a parameter holds ${MAX_SNAPSHOT_CHARACTERS}: no snapshot is kept, and every cold function asks the issuer`;
    add("warning", "key-set", text);
  }
  return findings;
}

function describe({ algorithm, key, keyId }: VerificationKey): string {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  const size = bits === undefined ? "" : `, ${bits} bits`;
  const isThumbprint = keyId === hash("sha256", key.export({ type: "spki", format: "der" }), "base64url");
  const form = isThumbprint
    ? "its kid is its own thumbprint, as kube-apiserver names keys"
    : "its kid is a name that somebody gave, as EKS and external signers do";
  return `${algorithm}${size}; ${form}`;
}

/** What to do about a key set that is refused whole, with the keys that are to blame by name. No member's value is told. */
export function refusedKeySet(document: unknown): string {
  const keys = listed(document);
  const names = keys.map(({ kid }) => (typeof kid === "string" ? kid : ""));
  const twice = names.find((name, index) => name !== "" && names.indexOf(name) < index);
  if (twice !== undefined) return `take one of the two keys ${printable(twice, 128)} out, or name it anew`;
  const secret = keys.find(({ d, k }) => d !== undefined || k !== undefined);
  if (secret !== undefined) {
    const name = typeof secret["kid"] === "string" ? printable(secret["kid"], 128) : "without kid";
    return `the private key ${name} is public: take it out, and sign with a new one`;
  }
  return "what is there is no set of signing keys";
}

function listed(document: unknown): JsonObject[] {
  const keys = isJsonObject(document) ? document["keys"] : undefined;
  return Array.isArray(keys) ? keys.filter(isJsonObject) : [];
}
