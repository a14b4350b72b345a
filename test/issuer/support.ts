import { generateKeyPairSync, type JsonWebKey, type KeyObject } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { GatewayError } from "../../lib/errors.ts";
import {
  FetchFailure,
  type FetchFailureReason,
  type FetchJson,
  type FetchJsonOptions,
} from "../../lib/issuer/fetch-json.ts";
import type { IssuerRecord } from "../../lib/issuer/issuer-source.ts";
import { parseStoredKeySet, type StoredKeySet } from "../../lib/issuer/stored-key-set.ts";
import { parseTrustedIssuer, type TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";

export const ISSUER_URL = "https://oidc.example.com/id/A";

/** Epoch seconds: where a `ManualClock` starts. */
export const START = 1_795_000_000;

/** The issuer that a document with these members registers. */
export function issuerWith(members: Readonly<Record<string, unknown>> = {}): TrustedIssuer {
  const document = { url: ISSUER_URL, cluster: "prod", ...members };
  return parseTrustedIssuer({ name: "/p/issuers/a", version: 1, revision: "1", text: JSON.stringify(document) });
}

/** A key set document, as it is after it was read. */
export function storedWith(keys: readonly object[], members: Readonly<Record<string, unknown>> = {}): StoredKeySet {
  const document = { issuer: ISSUER_URL, fetchedAt: START, source: "discovered", keys, ...members };
  return parseStoredKeySet({ name: "/p/keys/a", version: 1, revision: "1", text: JSON.stringify(document) });
}

export function recordOf(issuer: TrustedIssuer, keySet?: StoredKeySet): IssuerRecord {
  return { issuer, keySet };
}

export interface TestKey {
  readonly jwk: JsonWebKey;
  readonly privateKey: KeyObject;
}

/** A new key on P-256, which is the quickest kind to make. */
export function ecKey(kid: string, namedCurve = "P-256"): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve });
  return { jwk: { ...publicKey.export({ format: "jwk" }), kid }, privateKey };
}

export function rsaKey(kid: string, modulusLength = 2048, publicExponent = 65_537): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength, publicExponent });
  return { jwk: { ...publicKey.export({ format: "jwk" }), kid }, privateKey };
}

/** An issuer as `FetchJson` sees it: what it publishes now, what fails now, and who asked. */
export class Publisher {
  readonly asked: { readonly url: string; readonly options: FetchJsonOptions }[] = [];
  readonly documents = new Map<string, unknown>();
  /** Thrown instead of an answer, while it is set. */
  failure: Error | undefined;
  #gate: PromiseWithResolvers<void> | undefined;

  /** Publishes keys where kube-apiserver does. */
  publish(keys: readonly JsonWebKey[], issuer = ISSUER_URL): this {
    const jwksUri = `${issuer}/openid/v1/jwks`;
    this.documents.set(`${issuer}/.well-known/openid-configuration`, { issuer, jwks_uri: jwksUri });
    this.documents.set(jwksUri, { keys });
    return this;
  }

  /** From now on every answer waits until the gate is opened, or the call is aborted. */
  hold(): { open(): void } {
    const gate = Promise.withResolvers<void>();
    this.#gate = gate;
    return {
      open: () => {
        this.#gate = undefined;
        gate.resolve();
      },
    };
  }

  get keyFetches(): number {
    return this.asked.filter(({ url }) => !url.includes(".well-known")).length;
  }

  readonly fetchJson: FetchJson = async (url, options) => {
    this.asked.push({ url, options });
    const document = this.documents.get(url);
    if (this.#gate !== undefined) await Promise.race([this.#gate.promise, aborted(options.signal)]);
    if (this.failure !== undefined) throw this.failure;
    if (document === undefined) throw failing("client-error-status");
    return document;
  };
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(failing("timed-out")), { once: true });
  });
}

/** What lib/net rejects with. */
export function failing(reason: FetchFailureReason): FetchFailure {
  return new FetchFailure(reason, `issuer: ${reason}`);
}

/** Lets everything run that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}

/** The code of the `GatewayError` that is thrown; fails the test where nothing is, or anything else. */
export async function codeOf(work: unknown): Promise<string> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
}
