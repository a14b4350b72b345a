import { type ClockSetting, ClockSettingSchema, ClusterClock } from "./cluster-clock.ts";
import { checked } from "./control-body.ts";
import { createToken, type PodNode, type TokenAuthority } from "./create-token.ts";
import { DiscoveryFaultSchema, FaultBoard, type FaultOf, KeysFaultSchema, type Target } from "./faults.ts";
import { type ForgedToken, type ForgeRequest, ForgeRequestSchema, forgeToken } from "./forge.ts";
import { KeyRing, type Rotation, type RotationState } from "./key-ring.ts";
import type { Algorithm, PublicJwk, SigningKey } from "./signing-key.ts";
import type { BoundObjectRef } from "./token-request.ts";

export interface ClusterOptions {
  /** DNS-1123 label; the last part of the issuer URL. */
  readonly name: string;
  /** Of the first key. @default "RS256" */
  readonly algorithm?: Algorithm;
  /** The first key, in place of a generated one. */
  readonly key?: SigningKey;
  /** What tokens bound to a pod say of its node. @default "full" */
  readonly podNode?: PodNode;
  /** Requests for longer tokens are shortened, with a `Warning` header. @default no bound */
  readonly maxExpirationSeconds?: number;
  /** Lifetime of extended tokens. @default one year; managed clusters have less */
  readonly extendedExpirationSeconds?: number;
}

/** What a TokenRequest says, without its envelope. */
export interface MintRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** @default the API server's own audience, which is the issuer URL */
  readonly audiences?: readonly string[];
  /** 600 to 2^32. @default 3600 */
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: BoundObjectRef;
}

/** Requests over HTTP since the start, disturbed ones included. */
export interface Calls {
  readonly discovery: number;
  readonly keys: number;
  readonly tokenRequests: number;
}

export interface Cluster {
  readonly name: string;
  readonly issuer: string;
  /** The live counts. */
  readonly calls: Calls;
  /** The key set as served. */
  readonly keys: readonly PublicJwk[];
  /** A token as the TokenRequest API issues it. @throws ApiStatus as the API answers */
  mint(request: MintRequest): Promise<{ token: string; expirationTimestamp: string }>;
  /** A token that the API would not issue. @throws ApiStatus 400, 404 or 409 */
  forge(request: ForgeRequest): Promise<ForgedToken>;
  /** @throws RotationRefused */
  rotate(rotation?: Rotation): Promise<RotationState>;
  /**
   * Another time for the tokens of this cluster: it stands at `time`, or goes on `offsetSeconds` from the system's.
   * @param setting - without it, the clock of the start again
   * @throws ApiStatus 400
   */
  setClock(setting?: ClockSetting): void;
  /** From now on this document fails. One fault at a time: a second one replaces the first. */
  fault<T extends Target>(target: T, fault: FaultOf[T]): void;
  /** @param target - without it, both */
  clearFaults(target?: Target): void;
}

const YEAR = 365 * 24 * 3600;

export class OfflineCluster implements Cluster {
  readonly name: string;
  readonly issuer: string;
  readonly calls = { discovery: 0, keys: 0, tokenRequests: 0 };
  readonly faults = new FaultBoard();
  readonly clock: ClusterClock;
  readonly keyRing: KeyRing;
  readonly authority: TokenAuthority;

  constructor(issuer: string, key: SigningKey, clock: () => number, options: ClusterOptions) {
    this.name = options.name;
    this.issuer = issuer;
    this.clock = new ClusterClock(clock);
    this.keyRing = new KeyRing(key);
    this.authority = {
      cluster: options.name,
      issuer,
      keys: this.keyRing,
      clock: () => this.clock.now(),
      podNode: options.podNode ?? "full",
      extendedExpirationSeconds: options.extendedExpirationSeconds ?? YEAR,
      ...(options.maxExpirationSeconds === undefined ? {} : { maxExpirationSeconds: options.maxExpirationSeconds }),
    };
  }

  get keys(): readonly PublicJwk[] {
    return this.keyRing.jwks;
  }

  async mint({
    namespace,
    serviceAccount,
    ...spec
  }: MintRequest): Promise<{ token: string; expirationTimestamp: string }> {
    const at = { namespace, name: serviceAccount };
    return createToken({ metadata: {}, spec }, at, this.authority).tokenRequest.status;
  }

  async forge(request: ForgeRequest): Promise<ForgedToken> {
    return forgeToken(checked(ForgeRequestSchema, request), this.authority);
  }

  rotate(rotation?: Rotation): Promise<RotationState> {
    return this.keyRing.rotate(rotation);
  }

  setClock(setting?: ClockSetting): void {
    this.clock.set(setting === undefined ? undefined : checked(ClockSettingSchema, setting));
  }

  fault<T extends Target>(target: T, fault: FaultOf[T]): void {
    this.faults.set(target, checked(target === "discovery" ? DiscoveryFaultSchema : KeysFaultSchema, fault));
  }

  clearFaults(target?: Target): void {
    this.faults.clear(target);
  }
}
