import { describe, expect, test } from "vitest";
import { ConfigError, type Environment, parseConfig } from "../lib/config.ts";

const REQUIRED = { PODGATE_PARAMETER_PREFIX: "/podgate/prod", PODGATE_AUDIENCES: "https://gate.example.com" };

/** The problems with these settings beside the required ones; none where they are accepted. */
function problemsOf(env: Environment, needsAudiences = true): readonly string[] {
  return errorOf({ ...REQUIRED, ...env }, needsAudiences)?.problems ?? [];
}

function errorOf(env: Environment, needsAudiences = true): ConfigError | undefined {
  try {
    parseConfig(env, needsAudiences);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

describe("defaults", () => {
  test("are those of the contract", () => {
    expect(parseConfig(REQUIRED, true)).toEqual({
      parameterPrefix: "/podgate/prod",
      audiences: ["https://gate.example.com"],
      clockSkewSeconds: 30,
      documentsMaxAgeSeconds: 60,
      documentsMaxStaleSeconds: 300,
      keysMaxAgeSeconds: 300,
      keysMaxStaleSeconds: 7200,
      logLevel: "info",
      allowLoopbackHttp: false,
    });
  });

  test("what protects has none: prefix and audiences must be given", () => {
    expect(errorOf({})?.problems).toEqual([
      "PODGATE_PARAMETER_PREFIX is missing: expected a name such as /podgate/prod",
      "PODGATE_AUDIENCES is missing: expected the gateway's audiences, separated by commas",
    ]);
  });
});

describe("settings that are whole numbers", () => {
  const bounds = [
    { name: "PODGATE_CLOCK_SKEW_SECONDS", member: "clockSkewSeconds", min: 0, max: 60 },
    { name: "PODGATE_DOCUMENTS_MAX_AGE_SECONDS", member: "documentsMaxAgeSeconds", min: 5, max: 300 },
    { name: "PODGATE_DOCUMENTS_MAX_STALE_SECONDS", member: "documentsMaxStaleSeconds", min: 0, max: 3600 },
    { name: "PODGATE_KEYS_MAX_AGE_SECONDS", member: "keysMaxAgeSeconds", min: 30, max: 3600 },
    { name: "PODGATE_KEYS_MAX_STALE_SECONDS", member: "keysMaxStaleSeconds", min: 300, max: 86_400 },
  ] as const;

  test.for(
    bounds.flatMap(({ name, member, min, max }) => [
      { name, member, value: min },
      { name, member, value: max },
    ]),
  )("$name may be $value", ({ name, member, value }) => {
    expect(parseConfig({ ...REQUIRED, [name]: String(value) }, true)[member]).toBe(value);
  });

  test.for(
    bounds.flatMap(({ name, min, max }) =>
      [
        String(min - 1),
        String(max + 1),
        "",
        " ",
        "ten",
        "1.5",
        "1e2",
        "0x10",
        "-0",
        "+30",
        "30 ",
        "30\n",
        "٣٠",
        "1".repeat(10),
      ].map((text) => ({
        name,
        text,
        expected: `${name} is ${JSON.stringify(text)}: expected a whole number from ${min} to ${max}`,
      })),
    ),
  )("$name may not be $text", ({ name, text, expected }) => {
    expect(problemsOf({ [name]: text })).toEqual([expected]);
  });
});

describe("PODGATE_PARAMETER_PREFIX", () => {
  test.for(["/a", "/podgate/prod", "/a/b/c", "/A-z_0.9/aws/ssm", "/my-aws", `/${"a".repeat(199)}`])(
    "may be %s",
    (prefix) => {
      expect(parseConfig({ ...REQUIRED, PODGATE_PARAMETER_PREFIX: prefix }, true).parameterPrefix).toBe(prefix);
    },
  );

  test.for([
    "podgate",
    "/",
    "/podgate/",
    "//podgate",
    "/a//b",
    "/a/b/c/d",
    "/aws/x",
    "/AWSx",
    "/ssm",
    "/Ssm-x/y",
    "/a b",
    "/a:1",
    "/a*",
    "/ä",
    "/a\n",
    " /a",
    `/${"a".repeat(200)}`,
  ])("may not be %j", (prefix) => {
    expect(problemsOf({ PODGATE_PARAMETER_PREFIX: prefix })).toEqual([
      `PODGATE_PARAMETER_PREFIX is ${JSON.stringify(prefix.slice(0, 128))}: expected / and 1 to 3 levels of A-Z a-z 0-9 _ . -, the first not beginning with aws or ssm, and no / at the end`,
    ]);
  });

  test("that is empty is missing", () => {
    expect(problemsOf({ PODGATE_PARAMETER_PREFIX: "" })).toEqual([
      "PODGATE_PARAMETER_PREFIX is missing: expected a name such as /podgate/prod",
    ]);
  });
});

describe("PODGATE_AUDIENCES", () => {
  test.for([
    { text: "a", audiences: ["a"] },
    { text: "a,b", audiences: ["a", "b"] },
    { text: " a , https://b.example/c ", audiences: ["a", "https://b.example/c"] },
    { text: "x".repeat(1024), audiences: ["x".repeat(1024)] },
  ])("$text is $audiences", ({ text, audiences }) => {
    expect(parseConfig({ ...REQUIRED, PODGATE_AUDIENCES: text }, true).audiences).toEqual(audiences);
  });

  test.for(["a,", ",", "a,,b", "a b", "ä", "a\u0000", "x".repeat(1025)])("may not be %j", (text) => {
    expect(problemsOf({ PODGATE_AUDIENCES: text })).toEqual([
      `PODGATE_AUDIENCES is ${JSON.stringify(text.slice(0, 128))}: expected audiences of printable ASCII, separated by commas, none empty`,
    ]);
  });

  test.for([undefined, "", "  "])("that is %j is missing: no list never means any", (text) => {
    expect(problemsOf({ PODGATE_AUDIENCES: text })).toEqual([
      "PODGATE_AUDIENCES is missing: expected the gateway's audiences, separated by commas",
    ]);
  });

  test.for([undefined, "", "a", "ä"])("is ignored by functions that answer no HTTP: %j", (text) => {
    expect(parseConfig({ ...REQUIRED, PODGATE_AUDIENCES: text }, false).audiences).toEqual([]);
  });
});

describe("PODGATE_LOG_LEVEL", () => {
  test.for(["debug", "info", "warn", "error"])("may be %s", (level) => {
    expect(parseConfig({ ...REQUIRED, PODGATE_LOG_LEVEL: level }, true).logLevel).toBe(level);
  });

  test.for(["", "INFO", "trace", "info ", "toString"])("may not be %j", (level) => {
    expect(problemsOf({ PODGATE_LOG_LEVEL: level })).toEqual([
      `PODGATE_LOG_LEVEL is ${JSON.stringify(level)}: expected one of debug, info, warn, error`,
    ]);
  });
});

describe("PODGATE_ALLOW_LOOPBACK_HTTP", () => {
  const IN_LAMBDA = "PODGATE_ALLOW_LOOPBACK_HTTP is set in a real Lambda: it is for offline use only, remove it";

  test("is on when it is 1", () => {
    expect(parseConfig({ ...REQUIRED, PODGATE_ALLOW_LOOPBACK_HTTP: "1" }, true).allowLoopbackHttp).toBe(true);
  });

  test.for(["", "0", "true", "1 ", "yes"])("may not be %j", (text) => {
    expect(problemsOf({ PODGATE_ALLOW_LOOPBACK_HTTP: text })).toEqual([
      `PODGATE_ALLOW_LOOPBACK_HTTP is ${JSON.stringify(text)}: expected 1, or nothing at all`,
    ]);
  });

  test.for<{ mark: string; env: Environment }>([
    { mark: "AWS_LAMBDA_INITIALIZATION_TYPE", env: { AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand" } },
    { mark: "AWS_LAMBDA_RUNTIME_API", env: { AWS_LAMBDA_RUNTIME_API: "127.0.0.1:9001" } },
    { mark: "an empty one", env: { AWS_LAMBDA_INITIALIZATION_TYPE: "" } },
  ])("is refused in a real Lambda, which $mark shows", ({ env }) => {
    expect(problemsOf({ ...env, PODGATE_ALLOW_LOOPBACK_HTTP: "1" })).toEqual([IN_LAMBDA]);
    expect(problemsOf({ ...env, PODGATE_ALLOW_LOOPBACK_HTTP: "0" })).toContain(IN_LAMBDA);
    expect(problemsOf(env)).toEqual([]);
  });

  test("is not refused for what an emulator sets too", () => {
    expect(problemsOf({ AWS_LAMBDA_FUNCTION_NAME: "whoami", PODGATE_ALLOW_LOOPBACK_HTTP: "1" })).toEqual([]);
  });
});

describe("all problems at once", () => {
  test("in one message, each variable with its value and what is allowed", () => {
    const error = errorOf({
      PODGATE_PARAMETER_PREFIX: "podgate",
      PODGATE_CLOCK_SKEW_SECONDS: "ten",
      PODGATE_KEYS_MAX_AGE_SECONDS: "29",
      PODGATE_LOG_LEVEL: "loud",
    });
    expect(error?.code).toBe("CONFIG_INVALID");
    expect(error?.problems.map((problem) => problem.split(" ")[0])).toEqual([
      "PODGATE_PARAMETER_PREFIX",
      "PODGATE_AUDIENCES",
      "PODGATE_LOG_LEVEL",
      "PODGATE_CLOCK_SKEW_SECONDS",
      "PODGATE_KEYS_MAX_AGE_SECONDS",
    ]);
    expect(error?.message).toBe(`podgate cannot start: ${error?.problems.join("; ")}`);
  });

  test("a misspelt name is one of them: it would leave what it was to set at its default", () => {
    expect(problemsOf({ PODGATE_AUDIENCE: "a", PODGATE_CLOCK_SKEW: "5" })).toEqual([
      expect.stringMatching(/^PODGATE_AUDIENCE is not a setting: expected one of PODGATE_PARAMETER_PREFIX, /),
      expect.stringMatching(/^PODGATE_CLOCK_SKEW is not a setting: /),
    ]);
  });

  test("variables of others are nobody's business", () => {
    expect(problemsOf({ AWS_REGION: "us-east-1", podgate_x: "1", HOME: "/root" })).toEqual([]);
  });

  test("the error shows no path of the code, and a value no further than 128 characters", () => {
    const error = errorOf({ PODGATE_PARAMETER_PREFIX: "x".repeat(10_000) });
    expect(error?.stack).toBe(`ConfigError: ${error?.message}`);
    expect(error?.message.length).toBeLessThan(500);
  });
});
