import { GatewayError } from "./errors.ts";
import { isAudience } from "./permission/receiver.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  readonly parameterPrefix: string;
  /** The gateway's own; empty for functions that do not answer HTTP. */
  readonly audiences: readonly string[];
  readonly clockSkewSeconds: number;
  readonly documentsMaxAgeSeconds: number;
  readonly documentsMaxStaleSeconds: number;
  readonly keysMaxAgeSeconds: number;
  readonly keysMaxStaleSeconds: number;
  readonly logLevel: LogLevel;
  readonly allowLoopbackHttp: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that are wrong or missing: all of them, so that one deployment mends them all. */
export class ConfigError extends GatewayError {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super("CONFIG_INVALID", `podgate cannot start: ${problems.join("; ")}`);
    this.problems = problems;
    // The message says it all, and a runtime that prints the stack prints no path of ours.
    this.stack = `${this.name}: ${this.message}`;
  }
}

const WHOLE_NUMBERS = {
  PODGATE_CLOCK_SKEW_SECONDS: { initial: 30, min: 0, max: 60 },
  PODGATE_DOCUMENTS_MAX_AGE_SECONDS: { initial: 60, min: 5, max: 300 },
  PODGATE_DOCUMENTS_MAX_STALE_SECONDS: { initial: 300, min: 0, max: 3600 },
  PODGATE_KEYS_MAX_AGE_SECONDS: { initial: 300, min: 30, max: 3600 },
  PODGATE_KEYS_MAX_STALE_SECONDS: { initial: 7200, min: 300, max: 86_400 },
} as const;

const SETTINGS = [
  "PODGATE_PARAMETER_PREFIX",
  "PODGATE_AUDIENCES",
  ...Object.keys(WHOLE_NUMBERS),
  "PODGATE_LOG_LEVEL",
  "PODGATE_ALLOW_LOOPBACK_HTTP",
];

/** Set by the Lambda runtime and by nothing that runs on a person's machine. */
const REAL_LAMBDA = ["AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_RUNTIME_API"];

/**
 * Reads the settings. Throws one `ConfigError` with every problem: variable, value, what is allowed.
 *
 * @param needsAudiences - for functions that answer HTTP, whose tokens are made for the gateway itself
 */
export function parseConfig(env: Environment, needsAudiences: boolean): Config {
  const problems: string[] = [];

  const wholeNumber = (name: keyof typeof WHOLE_NUMBERS): number => {
    const { initial, min, max } = WHOLE_NUMBERS[name];
    const text = env[name];
    if (text === undefined) return initial;
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    problems.push(`${name} is ${quote(text)}: expected a whole number from ${min} to ${max}`);
    return initial;
  };

  const parameterPrefix = env["PODGATE_PARAMETER_PREFIX"] ?? "";
  if (parameterPrefix === "") {
    problems.push("PODGATE_PARAMETER_PREFIX is missing: expected a name such as /podgate/prod");
  } else if (!isParameterPrefix(parameterPrefix)) {
    problems.push(
      `PODGATE_PARAMETER_PREFIX is ${quote(parameterPrefix)}: expected / and 1 to 3 levels of A-Z a-z 0-9 _ . -, ` +
        "the first not beginning with aws or ssm, and no / at the end",
    );
  }

  const audiences = needsAudiences ? readAudiences(env["PODGATE_AUDIENCES"], problems) : [];

  const logLevel = env["PODGATE_LOG_LEVEL"] ?? "info";
  if (!isLogLevel(logLevel)) {
    problems.push(`PODGATE_LOG_LEVEL is ${quote(logLevel)}: expected one of ${LOG_LEVELS.join(", ")}`);
  }

  const loopback = env["PODGATE_ALLOW_LOOPBACK_HTTP"];
  if (loopback !== undefined && loopback !== "1") {
    problems.push(`PODGATE_ALLOW_LOOPBACK_HTTP is ${quote(loopback)}: expected 1, or nothing at all`);
  }
  if (loopback !== undefined && REAL_LAMBDA.some((name) => env[name] !== undefined)) {
    problems.push("PODGATE_ALLOW_LOOPBACK_HTTP is set in a real Lambda: it is for offline use only, remove it");
  }

  for (const name of Object.keys(env)) {
    if (name.startsWith("PODGATE_") && !SETTINGS.includes(name)) {
      problems.push(`${name} is not a setting: expected one of ${SETTINGS.join(", ")}`);
    }
  }

  const config: Config = {
    parameterPrefix,
    audiences,
    clockSkewSeconds: wholeNumber("PODGATE_CLOCK_SKEW_SECONDS"),
    documentsMaxAgeSeconds: wholeNumber("PODGATE_DOCUMENTS_MAX_AGE_SECONDS"),
    documentsMaxStaleSeconds: wholeNumber("PODGATE_DOCUMENTS_MAX_STALE_SECONDS"),
    keysMaxAgeSeconds: wholeNumber("PODGATE_KEYS_MAX_AGE_SECONDS"),
    keysMaxStaleSeconds: wholeNumber("PODGATE_KEYS_MAX_STALE_SECONDS"),
    logLevel: isLogLevel(logLevel) ? logLevel : "info",
    allowLoopbackHttp: loopback === "1",
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function readAudiences(text: string | undefined, problems: string[]): readonly string[] {
  if (text === undefined || text.trim() === "") {
    problems.push("PODGATE_AUDIENCES is missing: expected the gateway's audiences, separated by commas");
    return [];
  }
  const audiences = text.split(",").map((audience) => audience.trim());
  if (!audiences.every(isAudience)) {
    problems.push(
      `PODGATE_AUDIENCES is ${quote(text)}: expected audiences of printable ASCII, separated by commas, none empty`,
    );
  }
  return audiences;
}

/** At most 3 levels; SSM reserves names whose first level begins with `aws` or `ssm` in any case (PutParameter, `Name`). */
const PREFIX = /^\/(?![aA][wW][sS]|[sS][sS][mM])[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+){0,2}$/;

/** Leaves room for the rest of a name: 401 characters of a group's permission, 900 in all of an issuer. */
const MAX_PREFIX_CHARACTERS = 200;

export function isParameterPrefix(text: string): boolean {
  return text.length <= MAX_PREFIX_CHARACTERS && PREFIX.test(text);
}

function isLogLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 128));
}
