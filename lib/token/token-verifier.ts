import { type Awaitable, ahead, whenThere } from "../awaitable.ts";
import type { Clock } from "../clock.ts";
import type { DocumentVersion } from "../document.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import type { IssuerDirectory } from "../issuer/issuer-directory.ts";
import type { IssuerRecord } from "../issuer/issuer-source.ts";
import type { IssuerUrl } from "../issuer/issuer-url.ts";
import type { VerificationKey } from "../issuer/key-set.ts";
import type { TrustedIssuer } from "../issuer/trusted-issuer.ts";
import { ownCopy } from "../json.ts";
import { formatPrincipal, type Principal } from "../names.ts";
import { type BearerToken, readBearerToken } from "./bearer-token.ts";
import { refuseClaims } from "./claim-rules.ts";
import { KnownHeaders } from "./known-headers.ts";
import { isSignedBy } from "./signature.ts";
import type { BoundObject } from "./token-claims.ts";
import { readShape, type UnverifiedToken } from "./unverified-token.ts";
import { digestOf, type SignedToken, type TokenDigest, VerifiedTokens } from "./verified-tokens.ts";

declare const verified: unique symbol;

/** A service account that proved who it is. Only the verifier makes one, so no unverified claim gets past it. */
export interface VerifiedIdentity extends Principal {
  readonly [verified]: true;
  readonly issuer: string;
  readonly group?: string | undefined;
  /** `<cluster>/<namespace>/<serviceaccount>`. */
  readonly principal: string;
  /** `sub`. */
  readonly subject: string;
  readonly pod?: BoundObject | undefined;
  readonly node?: BoundObject | undefined;
  /** The one of the receiver's audiences that the token carries. */
  readonly audience: string;
  /** `exp`, epoch seconds. */
  readonly expiresAt: number;
  /** `iat`, epoch seconds. */
  readonly issuedAt: number;
  readonly keyId: string;
  /** `jti`, which clusters before 1.32 may leave out. */
  readonly tokenId?: string | undefined;
}

/** What was known of a token when its verification ended, for the audit record. Unverified unless the signature held. */
export interface TokenTrail {
  issuer?: string;
  keyId?: string;
  /** Set once the signature is verified. */
  principal?: string;
  subject?: string;
  /** Whether this very token was verified before: then who it is comes as one object again and again. */
  comesAgain?: true;
  readonly documents: DocumentVersion[];
}

export interface Verification {
  readonly outcome: VerifiedIdentity | Refusal;
  readonly trail: TokenTrail;
}

/** What the token must be meant for, or why nothing is. Its answer counts after the signature only. */
export type FindAudiences = () => Awaitable<readonly string[] | Refusal>;

export interface TokenVerifierOptions {
  readonly issuers: IssuerDirectory;
  readonly clock: Clock;
  readonly clockSkewSeconds: number;
}

/** A token that came again, and who it was when every check passed the last time: one object, as long as the issuer document stays. */
interface KnownToken extends SignedToken {
  identified: { readonly by: TrustedIssuer; readonly identity: VerifiedIdentity } | undefined;
}

/** Answers which service account sent a request. Cheapest check first; each refusal has a code of its own. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #verifiedTokens = new VerifiedTokens<KnownToken>();
  readonly #headers = new KnownHeaders();

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
  }

  /**
   * At once where documents and keys are in memory.
   *
   * @param authorization - every value of the `Authorization` header
   * Rejects with `GatewayError` where it cannot be decided: the store or the issuer is out of reach, or a document unreadable.
   */
  verify(authorization: readonly string[], findAudiences: FindAudiences): Awaitable<Verification> {
    const trail: TokenTrail = { documents: [] };
    return whenThere(this.#verify(authorization, findAudiences, trail), (outcome) => ({ outcome, trail }));
  }

  #verify(
    authorization: readonly string[],
    findAudiences: FindAudiences,
    trail: TokenTrail,
  ): Awaitable<VerifiedIdentity | Refusal> {
    const bearer = readBearerToken(authorization);
    if (isRefusal(bearer)) return bearer;

    const header = this.#headers.of(bearer);
    // A token that is remembered has a header that is: to look for any other, garbage too, is not worth a hash.
    const digest = header && digestOf(bearer);
    const remembered = digest && this.#verifiedTokens.recall(digest);
    const known = typeof remembered === "object" ? remembered : undefined;
    if (remembered) trail.comesAgain = true;
    const token = known ?? readShape(bearer, header);
    if (isRefusal(token)) return token;
    trail.keyId = token.keyId;

    const issuerUrl = "issuerUrl" in token ? token.issuerUrl : this.#options.issuers.readUrl(token.issuer);
    if (isRefusal(issuerUrl)) return issuerUrl;

    // Asked now, so that the store is asked about receiver and issuer in one trip; looked at after the signature.
    const audiencesFound = ahead(findAudiences());

    return whenThere(this.#options.issuers.find(issuerUrl), (record) => {
      if (isRefusal(record)) return record;
      trail.issuer = record.issuer.url;
      trail.documents.push(record.issuer.document);

      return whenThere(this.#findKey(token, record), (key) => {
        if (isRefusal(key)) return key;
        const signed =
          known?.fingerprint === key.fingerprint
            ? known
            : this.#readSigned(unread(token, bearer), key, record.issuer, digest, remembered === key.fingerprint);
        if (isRefusal(signed)) return signed;
        this.#options.issuers.markVerified(record);
        const { sub, namespace, serviceAccount } = signed.claims;
        trail.subject = sub;
        trail.principal = formatPrincipal({ cluster: record.issuer.cluster, namespace, serviceAccount });

        return whenThere(audiencesFound, (audiences) =>
          isRefusal(audiences) ? audiences : this.#judgeClaims(signed, record.issuer, audiences, bearer),
        );
      });
    });
  }

  #findKey(
    { algorithm, keyId }: UnverifiedToken | SignedToken,
    record: IssuerRecord,
  ): Awaitable<VerificationKey | Refusal> {
    const { issuer } = record;
    if (!issuer.algorithms.includes(algorithm)) {
      return refuse("TOKEN_ALGORITHM_NOT_ALLOWED", `${issuer.document.name} does not allow the token's algorithm`, {
        compared: { actual: algorithm, expected: issuer.algorithms.join(", ") },
      });
    }
    return whenThere(this.#options.issuers.findKey(record, keyId), (key) => {
      if (key === undefined) {
        return refuse(
          "KEY_UNKNOWN",
          `the key set of cluster ${issuer.cluster} has no key with the token's \`kid\`; if keys were rotated, it is asked again within 10 s`,
        );
      }
      if ("unfit" in key) return refuse("KEY_UNFIT", `the key that the token names cannot be used: ${key.unfit}`);
      if (key.algorithm !== algorithm) {
        return refuse("KEY_UNFIT", "the key that the token names is for another algorithm", {
          compared: { actual: algorithm, expected: key.algorithm },
        });
      }
      return key;
    });
  }

  /**
   * The claims of a token whose signature holds, and remembers that it does.
   *
   * @param digest - undefined where its header is not known yet
   * @param cameBefore - whether this very key was seen to have made the signature
   */
  #readSigned(
    token: UnverifiedToken,
    key: VerificationKey,
    issuer: TrustedIssuer,
    digest: TokenDigest | undefined,
    cameBefore: boolean,
  ): KnownToken | Refusal {
    if (!cameBefore && !isSignedBy(token, key)) {
      return refuse("SIGNATURE_INVALID", "the token's signature was not made by the key that it names");
    }
    const { bearer, algorithm, keyId } = token;
    if (isRefusal(token.claims)) return token.claims;
    // Of what is kept, header, issuer and key are texts that are kept already.
    const claims = cameBefore ? ownCopy(token.claims) : token.claims;
    const issuerUrl = issuer.url as IssuerUrl;
    const { fingerprint } = key;
    const signed: KnownToken = { algorithm, keyId, issuerUrl, claims, fingerprint, identified: undefined };
    if (digest === undefined) this.#headers.remember(bearer, token);
    this.#verifiedTokens.remember(digest ?? digestOf(bearer), cameBefore ? signed : fingerprint);
    return signed;
  }

  #judgeClaims(
    signed: KnownToken,
    issuer: TrustedIssuer,
    audiences: readonly string[],
    bearer: BearerToken,
  ): VerifiedIdentity | Refusal {
    const { clock, clockSkewSeconds } = this.#options;
    const { claims, identified } = signed;
    const refusal = refuseClaims(claims, { issuer, audiences, now: clock.now(), clockSkewSeconds });
    if (refusal?.code === "TOKEN_EXPIRED") this.#verifiedTokens.forget(digestOf(bearer));
    if (refusal !== undefined) return refusal;
    const audience = audiences.find((audience) => claims.aud.includes(audience)) as string;
    if (identified?.by === issuer && identified.identity.audience === audience) return identified.identity;
    const identity = identify(signed, issuer, audience);
    signed.identified = { by: issuer, identity };
    return identity;
  }
}

function identify({ claims, keyId }: SignedToken, issuer: TrustedIssuer, audience: string): VerifiedIdentity {
  const principal = { cluster: issuer.cluster, namespace: claims.namespace, serviceAccount: claims.serviceAccount };
  return {
    ...principal,
    issuer: issuer.url,
    group: issuer.group,
    principal: formatPrincipal(principal),
    subject: claims.sub,
    pod: claims.pod,
    node: claims.node,
    audience,
    expiresAt: claims.exp,
    issuedAt: claims.iat,
    keyId,
    tokenId: claims.jti,
  } as VerifiedIdentity;
}

/** The token as it is read before its signature is checked; what is remembered was read once and reads again. */
function unread(token: UnverifiedToken | SignedToken, bearer: BearerToken): UnverifiedToken {
  return "fingerprint" in token ? (readShape(bearer) as UnverifiedToken) : token;
}
