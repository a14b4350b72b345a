import {
  type ApplicationText,
  ArgumentScannerError,
  formatMessageForArgumentScannerError,
  text_en,
} from "@stricli/core";

const LONGEST_QUOTE = 40;

/** Text from the command line as an error may repeat it: what is long may be a token or a secret in a wrong place. */
export function quote(input: string): string {
  return input.length <= LONGEST_QUOTE ? JSON.stringify(input) : `(${input.length} characters)`;
}

/** What the framework says, with inputs quoted by `quote`, in the form of every other error. */
export const wording: ApplicationText = {
  ...text_en,
  exceptionWhileParsingArguments: (error) => `podgate: ${argumentProblem(error)}; see --help`,
  noCommandRegisteredForInput: ({ input, corrections }) =>
    `podgate: no command ${quote(input)}; ${corrections.length > 0 ? `did you mean ${corrections.join(" or ")}?` : "see --help"}`,
};

function argumentProblem(error: unknown): string {
  if (!(error instanceof ArgumentScannerError)) return "the command line cannot be read";
  return formatMessageForArgumentScannerError(error, {
    FlagNotFoundError: ({ input, corrections }) =>
      corrections.length > 0
        ? `no flag ${quote(`--${input}`)}; did you mean --${corrections.join(" or --")}?`
        : `no flag ${quote(`--${input}`)}`,
    AliasNotFoundError: ({ input }) => `no flag ${quote(`-${input}`)}`,
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: name, input, exception }) =>
      `${name} is ${quote(input)}: ${exception instanceof Error ? exception.message : "not usable"}`,
    EnumValidationError: ({ externalFlagName, input, values }) =>
      `--${externalFlagName} is ${quote(input)}: expected one of ${values.join(", ")}`,
    UnexpectedPositionalError: ({ expectedCount, input }) =>
      `${quote(input)} is one argument too many: expected at most ${expectedCount}`,
    UnexpectedFlagError: ({ externalFlagName, input }) =>
      `--${externalFlagName} is given twice, the second time as ${quote(input)}`,
  });
}
