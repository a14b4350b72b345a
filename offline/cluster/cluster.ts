import { badRequest } from "./api-status.ts";
import { type ClockSetting, ClockSettingSchema, ClusterClock } from "./cluster-clock.ts";
import type { ClusterOptions } from "./cluster-options.ts";
import { checked } from "./control-body.ts";
import { createToken, type TokenAuthority } from "./create-token.ts";
import { FaultBoard, type FaultOf, FaultsSchema, type Target } from "./faults.ts";
import { type ForgedToken, type ForgeRequest, ForgeRequestSchema, forgeToken } from "./forge.ts";
import { KeyRing, type Rotation, RotationSchema, type RotationState } from "./key-ring.ts";
import { type MintRequest, MintRequestSchema } from "./mint-request.ts";
import type { Algorithm, KidForm, PublicJwk, SigningKey } from "./signing-key.ts";

/** Requests over HTTP since the start, disturbed ones included. */
export interface Calls {
  readonly discovery: number;
  readonly keys: number;
  readonly tokenRequests: number;
}

export interface Cluster {
  readonly name: string;
  /** What `iss` and the discovery document say. */
  readonly issuer: string;
  /** Where its API server is: for `kubectl --server`. Without a shape it is the issuer too. */
  readonly server: string;
  /** Where its key set is answered, whatever the discovery document says. */
  readonly keysUrl: string;
  /** The API server without TLS, and the calls that control it (`_tokens`, `_rotate`, `_faults`, `_clock`). */
  readonly controlUrl: string;
  /** The issuer document with which podgate trusts it, for the parameter `issuers/<issuer>`. */
  readonly issuerDocument: Readonly<Record<string, unknown>>;
  /** Of a `private` cluster: PEM of what signed its certificates. */
  readonly certificateAuthority?: string;
  /** The live counts. */
  readonly calls: Calls;
  /** The key set as served. */
  readonly keys: readonly PublicJwk[];
  /** A token as the TokenRequest API issues it. @throws ApiStatus as the API answers */
  mint(request: MintRequest): Promise<{ token: string; expirationTimestamp: string }>;
  /** A token that the API would not issue. @throws ApiStatus 400, 404 or 409 */
  forge(request: ForgeRequest): Promise<ForgedToken>;
  /** @throws ApiStatus 400; RotationRefused for a step that does not fit */
  rotate(rotation?: Rotation): Promise<RotationState>;
  /**
   * Another time for the tokens of this cluster: it stands at `time`, or goes on `offsetSeconds` from the system's.
   * @param setting - without it, the clock of the start again
   * @throws ApiStatus 400
   */
  setClock(setting?: ClockSetting): void;
  /** From now on these answers fail. One fault at a time: a second one replaces the first. @throws ApiStatus 400 */
  fault<T extends Target>(target: T, fault: FaultOf[T]): void;
  /** @param target - without it, all. @throws ApiStatus 400 for one that there is not */
  clearFaults(target?: Target): void;
}

const DAY = 24 * 3600;
/** Of extended tokens. EKS has a shorter one (https://docs.aws.amazon.com/eks/latest/userguide/service-accounts.html). */
const EXTENDED = { kubernetes: 365 * DAY, eks: 90 * DAY };

/** Where a cluster is and what it calls itself. */
export interface ClusterPlace
  extends Pick<Cluster, "issuer" | "server" | "keysUrl" | "controlUrl" | "certificateAuthority"> {
  readonly jwksUri: string;
  /** The key set's path below `server`. */
  readonly keysPath: string;
  readonly kid: KidForm;
  /** Whether a verifier finds the key set by the issuer. */
  readonly isFound: boolean;
}

/** Signed with an algorithm that podgate accepts only where the document says so. */
function algorithmsBeside(algorithm: Algorithm): { algorithms?: readonly Algorithm[] } {
  return algorithm === "RS256" || algorithm === "ES256" ? {} : { algorithms: [algorithm] };
}

export class OfflineCluster implements Cluster {
  readonly name: string;
  readonly issuer: string;
  readonly server: string;
  readonly keysUrl: string;
  readonly controlUrl: string;
  readonly issuerDocument: Readonly<Record<string, unknown>>;
  readonly certificateAuthority?: string;
  readonly jwksUri: string;
  readonly keysPath: string;
  readonly calls = { discovery: 0, keys: 0, tokenRequests: 0 };
  readonly faults = new FaultBoard();
  readonly clock: ClusterClock;
  readonly keyRing: KeyRing;
  readonly authority: TokenAuthority;

  constructor(place: ClusterPlace, key: SigningKey, clock: () => number, options: ClusterOptions) {
    const { issuer, server, controlUrl, jwksUri, keysPath, keysUrl, kid, isFound, certificateAuthority } = place;
    this.name = options.name;
    this.issuer = issuer;
    this.server = server;
    this.keysUrl = keysUrl;
    this.controlUrl = controlUrl;
    this.jwksUri = jwksUri;
    this.keysPath = keysPath;
    if (certificateAuthority !== undefined) this.certificateAuthority = certificateAuthority;
    this.issuerDocument = {
      url: issuer,
      cluster: options.name,
      ...algorithmsBeside(key.algorithm),
      ...(isFound ? {} : { jwksURL: keysUrl }),
      ...(certificateAuthority === undefined ? {} : { certificateAuthority, network: "private" }),
    };
    this.clock = new ClusterClock(clock);
    this.keyRing = new KeyRing(key, kid);
    this.authority = {
      cluster: options.name,
      issuer,
      audiences: options.audiences ?? [issuer],
      jti: options.jti ?? true,
      keys: this.keyRing,
      clock: () => this.clock.now(),
      podNode: options.podNode ?? "full",
      extendedExpirationSeconds:
        options.extendedExpirationSeconds ?? EXTENDED[options.shape === "eks" ? "eks" : "kubernetes"],
      ...(options.maxExpirationSeconds === undefined ? {} : { maxExpirationSeconds: options.maxExpirationSeconds }),
    };
  }

  get keys(): readonly PublicJwk[] {
    return this.keyRing.jwks;
  }

  async mint(request: MintRequest): Promise<{ token: string; expirationTimestamp: string }> {
    checked(MintRequestSchema, request);
    const { namespace, serviceAccount, ...spec } = request;
    const at = { namespace, name: serviceAccount };
    return createToken({ metadata: {}, spec }, at, this.authority).tokenRequest.status;
  }

  async forge(request: ForgeRequest): Promise<ForgedToken> {
    return forgeToken(checked(ForgeRequestSchema, request), this.authority);
  }

  async rotate(rotation: Rotation = {}): Promise<RotationState> {
    return this.keyRing.rotate(checked(RotationSchema, rotation));
  }

  setClock(setting?: ClockSetting): void {
    this.clock.set(setting === undefined ? undefined : checked(ClockSettingSchema, setting));
  }

  fault<T extends Target>(target: T, fault: FaultOf[T]): void {
    checked(FaultsSchema, { [target]: fault });
    this.faults.set(target, fault);
  }

  clearFaults(target?: Target): void {
    // In JavaScript nothing else tells a misspelt one, and the fault would stay.
    if (target !== undefined && !Object.hasOwn(FaultsSchema.entries, target)) {
      throw badRequest(`${target}: is not a member; allowed: ${Object.keys(FaultsSchema.entries).join(", ")}`);
    }
    this.faults.clear(target);
  }
}
