import { randomBytes } from "node:crypto";
import { SsmError, validationError } from "./ssm-error.ts";

export type ParameterType = "String" | "StringList" | "SecureString";
export type ParameterTier = "Standard" | "Advanced";

/** One version of a parameter. */
export interface StoredParameter {
  readonly name: string;
  readonly value: string;
  readonly type: ParameterType;
  readonly tier: ParameterTier;
  /** From 1. */
  readonly version: number;
  /** Epoch seconds, to the millisecond. */
  readonly lastModified: number;
  readonly description?: string;
  readonly allowedPattern?: string;
  /** Of a SecureString. */
  readonly keyId?: string;
  /** What a reader without `WithDecryption` gets of a SecureString: random, made at the write, holds nothing of the value. */
  readonly ciphertext?: string;
}

interface PutRequest {
  /** As `readNewName` gives it. */
  readonly name: string;
  readonly value: string;
  readonly overwrite: boolean;
  readonly type?: ParameterType | undefined;
  readonly tier?: ParameterTier | "Intelligent-Tiering" | undefined;
  readonly description?: string | undefined;
  readonly allowedPattern?: string | undefined;
  readonly keyId?: string | undefined;
}

/** Most versions that are kept of a parameter: the 101st removes the first. */
const MAX_VERSIONS = 100;

/** Characters of a value and parameters of an account and region, by tier (user guide, "Managing parameter tiers"). */
const MAX_VALUE_LENGTH = { Standard: 4096, Advanced: 8192 } as const satisfies Record<ParameterTier, number>;
const MAX_PARAMETERS = { Standard: 10_000, Advanced: 100_000 } as const satisfies Record<ParameterTier, number>;

const TIERS_PAGE =
  "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html";

/** Every parameter with its history, and the rules of PutParameter. */
export class Parameters {
  /** Oldest version first; never empty. */
  readonly #histories = new Map<string, readonly StoredParameter[]>();
  readonly #clock: () => number;

  /** @param clock - epoch seconds */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Creates a parameter or adds a version to it. Throws SsmError as PutParameter answers. */
  put(request: PutRequest): StoredParameter {
    const history = this.#histories.get(request.name) ?? [];
    const previous = history.at(-1);
    if (previous !== undefined && !request.overwrite) {
      throw new SsmError(
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
      );
    }
    const type = request.type ?? previous?.type;
    if (type === undefined) throw validationError("A parameter type is required when you create a parameter.");
    if (request.keyId !== undefined && type !== "SecureString") {
      throw validationError("KeyId is required for SecureString type parameter only.");
    }
    if (/\{\{.*\}\}/s.test(request.value)) {
      throw validationError('Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.');
    }
    const tier = this.#tierOf(request, previous?.tier);
    if (previous?.tier !== tier) this.#checkRoom(tier);

    const description = request.description ?? previous?.description;
    const allowedPattern = request.allowedPattern ?? previous?.allowedPattern;
    if (allowedPattern !== undefined) checkPattern(allowedPattern, request.value);
    const added: StoredParameter = {
      name: request.name,
      value: request.value,
      type,
      tier,
      version: (previous?.version ?? 0) + 1,
      lastModified: Math.round(this.#clock() * 1000) / 1000,
      ...(description === undefined ? {} : { description }),
      ...(allowedPattern === undefined ? {} : { allowedPattern }),
      ...(type === "SecureString" ? secure(request.keyId ?? previous?.keyId) : {}),
    };
    this.#histories.set(request.name, [...history, added].slice(-MAX_VERSIONS));
    return added;
  }

  /** @returns whether there was one */
  delete(name: string): boolean {
    return this.#histories.delete(name);
  }

  latest(name: string): StoredParameter | undefined {
    return this.#histories.get(name)?.at(-1);
  }

  /** Oldest version first; empty where there is no such parameter. */
  history(name: string): readonly StoredParameter[] {
    return this.#histories.get(name) ?? [];
  }

  /** The latest version of each, by name. */
  all(): StoredParameter[] {
    const latest = [...this.#histories.values()].flatMap((history) => history.at(-1) ?? []);
    return latest.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #tierOf({ value, tier }: PutRequest, previous: ParameterTier | undefined): ParameterTier {
    const chosen =
      tier === "Intelligent-Tiering" ? this.#cheapestTier(value, previous) : (tier ?? previous ?? "Standard");
    if (previous === "Advanced" && chosen === "Standard") {
      throw validationError(
        `This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter. Be aware that standard parameters have a value limit of 4096 characters. For more information, see ${TIERS_PAGE}`,
      );
    }
    if (value.length > MAX_VALUE_LENGTH[chosen]) {
      throw validationError(
        chosen === "Standard"
          ? `Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see ${TIERS_PAGE}`
          : "Advanced tier parameters support a maximum parameter value of 8192 characters.",
      );
    }
    return chosen;
  }

  /** Standard unless the value, or the number of standard parameters, requires more. */
  #cheapestTier(value: string, previous: ParameterTier | undefined): ParameterTier {
    if (previous === "Advanced" || value.length > MAX_VALUE_LENGTH.Standard) return "Advanced";
    return previous === "Standard" || this.#hasRoom("Standard") ? "Standard" : "Advanced";
  }

  #checkRoom(tier: ParameterTier): void {
    if (this.#hasRoom(tier)) return;
    throw new SsmError(
      "ParameterLimitExceeded",
      `You have exceeded the maximum number of ${tier.toLowerCase()} parameters for this AWS account and Region (${MAX_PARAMETERS[tier]}). Delete one or more parameters and try again.`,
    );
  }

  #hasRoom(tier: ParameterTier): boolean {
    // Counting is slow and needed only where there are that many of both tiers together.
    if (this.#histories.size < MAX_PARAMETERS[tier]) return true;
    let count = 0;
    for (const history of this.#histories.values()) if (history.at(-1)?.tier === tier) count += 1;
    return count < MAX_PARAMETERS[tier];
  }
}

function secure(keyId = "alias/aws/ssm"): { readonly keyId: string; readonly ciphertext: string } {
  // KMS ciphertext in base64 begins like this; the rest is as long as that of a short secret.
  return { keyId, ciphertext: `AQICAH${randomBytes(150).toString("base64")}` };
}

function checkPattern(pattern: string, value: string): void {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch {
    throw new SsmError("InvalidAllowedPatternException", "The allowed pattern is not a valid regular expression.");
  }
  if (!expression.test(value)) {
    throw new SsmError(
      "ParameterPatternMismatchException",
      `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
    );
  }
}
