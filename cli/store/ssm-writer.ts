import { DeleteParameterCommand, PutParameterCommand, type SSMClient } from "@aws-sdk/client-ssm";
import type { ParameterName } from "../../lib/aws/parameter-names.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";
import { GatewayError } from "../../lib/errors.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { DocumentStore } from "./document-store.ts";
import { Pace } from "./pace.ts";
import { createSsmClient, faultNameOf } from "./ssm-store.ts";

export interface SsmWriterOptions {
  /** Where the versions are read. */
  readonly store: DocumentStore;
  /** Calls that write, a second at most. */
  readonly writeRate: number;
  /** @default the SDK's own settings */
  readonly endpoint?: string | undefined;
  readonly clock?: Clock;
  /** Told when a write has to wait, because SSM throttles or does not answer. */
  readonly onWait?: (reason: string, seconds: number) => void;
}

/** A parameter as a writer knows it. One that was deleted and made again may have the same version, and not the text. */
export interface KnownParameter {
  readonly version: number;
  readonly text: string;
}

/** What a write says of itself in the parameter's description, of which SSM keeps the history too. */
export const DESCRIPTIONS = {
  last: "Written by podgate",
  /** A later write of the same apply is to follow: no state that anybody wanted. */
  between: "Written by podgate, a form in between",
} as const;

/** One write of a document. */
export interface DocumentWrite {
  /** Without the prefix. */
  readonly name: string;
  /** `undefined` deletes it. */
  readonly text: string | undefined;
  readonly isLast: boolean;
}

/** Somebody made or deleted it between the read and the write. */
const CONFLICTS = ["ParameterAlreadyExists", "ParameterNotFound"];

/** What may pass by itself: the write was not carried out, or nobody knows whether it was. */
const WORTH_ANOTHER_ATTEMPT =
  /^(Throttling|ThrottlingException|TooManyUpdates|RequestLimitExceeded|InternalServerError|ServiceUnavailable|TimeoutError|RequestTimeout|NetworkingError|SyntaxError|E[A-Z]+)$/;

const LONGEST_PAUSE_SECONDS = 8;
/** About a minute and a half in all. */
const ATTEMPTS = 16;

/**
 * Writes documents to SSM, which cannot write on a condition: the version is read before each write and compared after
 * it, so that what somebody else writes meanwhile is noticed, and the apply ends.
 */
export class SsmWriter {
  readonly #options: SsmWriterOptions;
  readonly #client: SSMClient;
  readonly #pace: Pace;
  readonly #clock: Clock;

  constructor(options: SsmWriterOptions) {
    this.#options = options;
    // One attempt: whether a failed write was carried out is looked up before the next.
    this.#client = createSsmClient(options.endpoint, 1);
    this.#clock = options.clock ?? systemClock;
    this.#pace = new Pace(options.writeRate, this.#clock);
  }

  /**
   * Makes the parameter hold `text`, or deletes it where that is `undefined`. @returns what is there then
   *
   * Throws `CliError` where the parameter is not what it is known to be, or somebody else writes it at the same time;
   * `PARAMETERS_UNAVAILABLE` where SSM refuses, or does not answer for a minute.
   */
  async write(write: DocumentWrite, known: KnownParameter | undefined): Promise<KnownParameter | undefined> {
    const { name, text } = write;
    for (let attempt = 1; ; attempt++) {
      const found = await this.#read(name);
      // After an attempt whose answer was lost, this is what it wrote.
      if (attempt > 1 && isWritten(found, known, text)) return found;
      if (found?.version !== known?.version || found?.text !== known?.text) throw changedUnderneath(name, known, found);
      try {
        await this.#pace.turn();
        return await this.#send(write, known);
      } catch (error) {
        if (error instanceof CliError) throw error;
        const reason = faultNameOf(error);
        if (CONFLICTS.includes(reason)) throw changedUnderneath(name, known, await this.#read(name));
        if (attempt === ATTEMPTS || !WORTH_ANOTHER_ATTEMPT.test(reason)) throw unavailable(name, text, reason, error);
        const seconds = Math.min(LONGEST_PAUSE_SECONDS, 0.25 * 2 ** attempt) * (0.5 + Math.random() / 2);
        this.#options.onWait?.(reason, seconds);
        await this.#clock.wait(seconds);
      }
    }
  }

  async #send(
    { name, text, isLast }: DocumentWrite,
    known: KnownParameter | undefined,
  ): Promise<KnownParameter | undefined> {
    const fullName = this.#fullName(name);
    if (text === undefined) {
      await this.#client.send(new DeleteParameterCommand({ Name: fullName }));
      return undefined;
    }
    const isNew = known === undefined;
    const { Version: version = 0 } = await this.#client.send(
      new PutParameterCommand({
        Name: fullName,
        Value: text,
        Overwrite: !isNew,
        Description: isLast ? DESCRIPTIONS.last : DESCRIPTIONS.between,
        ...(isNew && { Type: "String" }),
        // A key set may need the room of an advanced parameter; nothing else does (`sizeObstacles`).
        ...(name.startsWith("keys/") && { Tier: "Intelligent-Tiering" }),
      }),
    );
    if (version !== (known?.version ?? 0) + 1) throw writtenAtOnce(name, version);
    return { version, text };
  }

  async #read(name: string): Promise<KnownParameter | undefined> {
    const fullName = this.#fullName(name);
    return (await this.#options.store.read([fullName])).get(fullName);
  }

  /** Of a document that a parser has read, so it is a name that SSM takes. */
  #fullName(name: string): ParameterName {
    return `${this.#options.store.prefix}/${name}` as ParameterName;
  }
}

function isWritten(
  found: KnownParameter | undefined,
  known: KnownParameter | undefined,
  text: string | undefined,
): boolean {
  if (text === undefined || found === undefined) return text === found;
  return found.text === text && found.version === (known?.version ?? 0) + 1;
}

function changedUnderneath(name: string, known: KnownParameter | undefined, found: KnownParameter | undefined) {
  const version = (parameter: KnownParameter | undefined) =>
    parameter === undefined ? "absent" : `version ${parameter.version}`;
  return new CliError(
    EXIT.CONFLICT,
    `${name} is ${version(found)}, and was ${version(known)} when the plan was made: somebody else has changed it; nothing more is written: plan again`,
  );
}

function writtenAtOnce(name: string, version: number) {
  return new CliError(
    EXIT.CONFLICT,
    `${name} was written by somebody else at the same moment, and this wrote over it as version ${version}; nothing more is written: look at \`podgate history ${name}\`, then plan again`,
  );
}

function unavailable(name: string, text: string | undefined, reason: string, cause: unknown): GatewayError {
  const operation = text === undefined ? "DeleteParameter" : "PutParameter";
  const mend =
    reason === "ParameterLimitExceeded"
      ? "an account has room for 10,000 standard parameters in a region: let levels above say what many documents say, or use another account"
      : `check the right to ssm:${operation}, and the network`;
  return new GatewayError("PARAMETERS_UNAVAILABLE", `SSM ${operation} of ${name} failed (${reason}); ${mend}`, {
    cause,
  });
}
