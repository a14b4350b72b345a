/** How every command ends (docs/cli.md). Stable, like the codes of refusals. */
export const EXIT = {
  /** Done; of what answers yes or no: yes. */
  OK: 0,
  /** A verdict of no: refused, a test failed, lint found an error, a plan has changes, nobody confirmed. */
  NO: 1,
  /** The command line is wrong: a flag, an argument, a setting. */
  USAGE: 2,
  /** An input cannot be used: a file, a document, an event. */
  INPUT: 3,
  /** No verdict could be made: the store or the issuer is out of reach, a check could not be made. */
  UNDECIDED: 4,
  /** A fault of podgate. */
  FAULT: 5,
  /** Somebody else changed the store under way: what was written stays, nothing more was. */
  CONFLICT: 6,
  /** Ended by Ctrl-C between two writes; the same command goes on. As shells number SIGINT. */
  INTERRUPTED: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An end that the operator can do something about: one line that says what is wrong, where, and what to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;

  /** @param message - never holds a token, a secret or a quoted file */
  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
