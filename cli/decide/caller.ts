import type { Decided } from "../../lib/decision/decide-access.ts";
import type { StoredDocument } from "../../lib/document.ts";
import { type ErrorCode, GatewayError, isRefusal } from "../../lib/errors.ts";
import { parseIssuerUrl } from "../../lib/issuer/issuer-url.ts";
import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Principal } from "../../lib/names.ts";
import { readBearerToken } from "../../lib/token/bearer-token.ts";
import { readShape } from "../../lib/token/unverified-token.ts";
import { CliError, EXIT } from "../exit-code.ts";
import { decodeObject } from "../inspect/decoded-token.ts";
import type { DocumentStore } from "../store/document-store.ts";
import type { Question } from "./question.ts";
import { StandInKey } from "./stand-in-key.ts";
import { createStoreDecider, type Decider, type DeciderSettings } from "./store-decider.ts";

/** Claims of a token for an account, beside those that say who it is. */
export interface TokenShape {
  readonly audiences: readonly string[];
  /** `iat`, `nbf`. Epoch seconds. */
  readonly issuedAt: number;
  /** `exp`. Epoch seconds. */
  readonly expiresAt: number;
  readonly podBound: boolean;
}

/** What was asked, and how much of the chain could be gone through. */
export interface Asked {
  readonly decided: Decided;
  /** What decided: for looking at the documents that it saw. */
  readonly decider: Decider;
  /** `Authorization` as it was judged. */
  readonly authorization: readonly string[];
  /** Why keys and signature were not checked; absent where they were. */
  readonly unverified?: "no token was given" | GatewayError;
}

/** Without these a token cannot be verified, and everything else about it can be told. */
const NO_KEYS: readonly ErrorCode[] = ["ISSUER_UNREACHABLE", "DISCOVERY_INVALID", "KEY_SET_INVALID", "KEY_SET_MISSING"];

/** Asks about the token that the question brings. Where there are no keys to verify it by, about all the rest of it. */
export async function askWithToken(
  question: Question,
  store: DocumentStore,
  settings: DeciderSettings,
  replaced: ReadonlyMap<string, StoredDocument> = new Map(),
): Promise<Asked> {
  const decider = createStoreDecider(store, settings, replaced);
  const { authorization } = question;
  try {
    return { decided: await question.ask(decider, authorization), decider, authorization };
  } catch (error) {
    if (!(error instanceof GatewayError) || !NO_KEYS.includes(error.code)) throw error;
    return { ...(await askResigned(question, store, settings, replaced, decider)), unverified: error };
  }
}

async function askResigned(
  question: Question,
  store: DocumentStore,
  settings: DeciderSettings,
  replaced: ReadonlyMap<string, StoredDocument>,
  verifying: Decider,
): Promise<Asked> {
  const bearer = readBearerToken(question.authorization);
  const token = isRefusal(bearer) ? bearer : readShape(bearer);
  const url = isRefusal(token) ? undefined : parseIssuerUrl(token.issuer, verifying.config.allowLoopbackHttp);
  const issuer = url && (await issuerAt(store, replaced, url));
  if (isRefusal(token) || issuer === undefined) throw new TypeError("keys are asked for after shape and issuer");
  const key = new StandInKey(token.algorithm, token.keyId);
  const decider = createStoreDecider(
    store,
    settings,
    new Map([...replaced, keysDocument(store, issuer, key, settings)]),
  );
  // It was read once, so it is an object.
  const claims = decodeObject(token.signingInput.slice(token.signingInput.indexOf(".") + 1)) as JsonObject;
  const authorization = [`Bearer ${await key.sign(claims)}`];
  return { decided: await question.ask(decider, authorization), decider, authorization };
}

/** A principal and the issuer that vouches for it. */
export interface Account {
  readonly principal: Principal;
  readonly issuer: TrustedIssuer;
}

/** Asks about an account as if it had a good token, or one of this shape. One key serves many questions. */
export class AccountAsker {
  readonly #store: DocumentStore;
  readonly #settings: DeciderSettings;
  readonly #replaced: ReadonlyMap<string, StoredDocument>;
  readonly #ready = new Map<string, { readonly key: StandInKey; readonly decider: Decider }>();

  constructor(
    store: DocumentStore,
    settings: DeciderSettings,
    replaced: ReadonlyMap<string, StoredDocument> = new Map(),
  ) {
    this.#store = store;
    this.#settings = settings;
    this.#replaced = replaced;
  }

  async ask(question: Question, account: Account, shape?: Partial<TokenShape>): Promise<Asked> {
    const { key, decider } = this.#readyFor(account.issuer);
    const audiences = (await question.receiver(decider))?.audiences ?? [];
    const token = await key.sign(claimsOf(account, { ...goodShape(audiences, decider.clock.now()), ...shape }));
    const authorization = [`Bearer ${token}`];
    return {
      decided: await question.ask(decider, authorization),
      decider,
      authorization,
      unverified: "no token was given",
    };
  }

  #readyFor(issuer: TrustedIssuer) {
    let ready = this.#ready.get(issuer.url);
    if (ready === undefined) {
      const [first = "RS256"] = issuer.algorithms;
      // An RSA key takes its time to be made.
      const key = new StandInKey(issuer.algorithms.includes("ES256") ? "ES256" : first);
      const keys = keysDocument(this.#store, issuer, key, this.#settings);
      ready = { key, decider: createStoreDecider(this.#store, this.#settings, new Map([...this.#replaced, keys])) };
      this.#ready.set(issuer.url, ready);
    }
    return ready;
  }
}

/** As kubelet asks for it by default, for the receiver at hand. */
function goodShape([audience = "none"]: readonly string[], now: number): TokenShape {
  const issuedAt = Math.floor(now);
  return { audiences: [audience], issuedAt, expiresAt: issuedAt + 600, podBound: true };
}

const STAND_IN_UID = "00000000-0000-4000-8000-000000000000";

/** The claims that kube-apiserver writes (kubernetes pkg/serviceaccount/claims.go). */
function claimsOf({ principal, issuer }: Account, { audiences, issuedAt, expiresAt, podBound }: TokenShape): object {
  const { namespace, serviceAccount } = principal;
  return {
    iss: issuer.url,
    sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
    aud: audiences,
    iat: issuedAt,
    nbf: issuedAt,
    exp: expiresAt,
    "kubernetes.io": {
      namespace,
      serviceaccount: { name: serviceAccount, uid: STAND_IN_UID },
      ...(podBound && { pod: { name: "stand-in", uid: STAND_IN_UID } }),
    },
  };
}

async function issuerAt(
  store: DocumentStore,
  replaced: ReadonlyMap<string, StoredDocument>,
  url: NonNullable<ReturnType<typeof parseIssuerUrl>>,
): Promise<TrustedIssuer | undefined> {
  const { parseTrustedIssuer } = await import("../../lib/issuer/trusted-issuer.ts");
  const name = store.names.issuer(url);
  if (name === undefined) return undefined;
  const document = replaced.get(name) ?? (await store.read([name])).get(name);
  return document && parseTrustedIssuer(document);
}

/** A key set of the issuer with nothing but the stand-in. */
function keysDocument(
  { names }: DocumentStore,
  { url, keys: source }: TrustedIssuer,
  key: StandInKey,
  { at }: DeciderSettings,
): [string, StoredDocument] {
  const issuer = parseIssuerUrl(url, true);
  const name = issuer && names.keys(issuer);
  if (name === undefined) throw new CliError(EXIT.INPUT, `the issuer ${url} can have no parameter for its keys`);
  const fetchedAt = at ?? Date.now() / 1000;
  const text = JSON.stringify({ issuer: url, fetchedAt, source, keys: [key.jwk] });
  return [name, { name, version: 1, revision: key.keyId, text }];
}
