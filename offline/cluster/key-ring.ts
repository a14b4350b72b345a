import * as v from "valibot";
import { closed, oneOf } from "./control-body.ts";
import {
  ALGORITHMS,
  type Algorithm,
  generateSigningKey,
  type KidForm,
  type PublicJwk,
  type SigningKey,
} from "./signing-key.ts";

const ROTATION_STEPS = ["publish", "use", "withdraw"] as const;
type RotationStep = (typeof ROTATION_STEPS)[number];

export interface Rotation {
  /**
   * One step of a careful rotation; without it, all of them at once.
   * `publish`: a new key appears in the key set. `use`: the newest published key signs. `withdraw`: every published
   * key but the one that signs disappears.
   */
  readonly step?: RotationStep;
  /** Only without `step`: the old keys stay published. @default false */
  readonly keepOld?: boolean;
  /** Of the new key. @default the algorithm in use */
  readonly algorithm?: Algorithm;
}

export const RotationSchema = closed({
  step: v.exactOptional(oneOf(ROTATION_STEPS)),
  keepOld: v.exactOptional(v.boolean("is not true or false")),
  algorithm: v.exactOptional(oneOf(ALGORITHMS)),
} satisfies Record<keyof Rotation, v.GenericSchema>);

export interface RotationState {
  /** `kid` of the key that signs. */
  readonly signing: string;
  /** `kid`s in the key set, oldest first. */
  readonly published: readonly string[];
}

/** A step that does not fit what is published now. */
export class RotationRefused extends Error {
  override readonly name = "RotationRefused";
}

/** The keys of one cluster: which one signs, which ones the key set shows. */
export class KeyRing {
  #signing: SigningKey;
  #published: readonly SigningKey[];

  readonly #kid: KidForm;

  constructor(first: SigningKey, kid: KidForm) {
    this.#kid = kid;
    this.#signing = first;
    this.#published = [first];
  }

  get signing(): SigningKey {
    return this.#signing;
  }

  get jwks(): readonly PublicJwk[] {
    return this.#published.map((key) => key.jwk);
  }

  get state(): RotationState {
    return { signing: this.#signing.kid, published: this.#published.map((key) => key.kid) };
  }

  /** @throws RotationRefused where the step changes nothing, or where `step` meets an option that is not for it */
  async rotate({ step, keepOld, algorithm }: Rotation = {}): Promise<RotationState> {
    if (step !== undefined && keepOld !== undefined)
      throw new RotationRefused("keepOld is for a rotation without step");
    if (step === "use" || step === "withdraw") {
      if (algorithm !== undefined) throw new RotationRefused(`algorithm is for a new key, and ${step} makes none`);
      return step === "use" ? this.#use() : this.#withdraw();
    }

    const fresh = await generateSigningKey(algorithm ?? this.#signing.algorithm, this.#kid);
    this.#published = step === "publish" || keepOld === true ? [...this.#published, fresh] : [fresh];
    if (step === undefined) this.#signing = fresh;
    return this.state;
  }

  #use(): RotationState {
    const newest = this.#published.at(-1);
    if (newest === undefined || newest === this.#signing) {
      throw new RotationRefused("nothing to use: the newest published key signs already");
    }
    this.#signing = newest;
    return this.state;
  }

  #withdraw(): RotationState {
    if (this.#published.length === 1)
      throw new RotationRefused("nothing to withdraw: only the signing key is published");
    this.#published = [this.#signing];
    return this.state;
  }
}
