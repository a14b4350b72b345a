import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { importsOf, problemsOf, type Source } from "./support/dependency-rule.ts";

const sources: readonly Source[] = ["cli", "lib", "functions", "offline"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file: posix.join(folder, file), text: readFileSync(posix.join(folder, file), "utf8") })),
);

describe("the project", () => {
  test("keeps the dependency rule", () => {
    expect(sources.length).toBeGreaterThan(80);
    expect(problemsOf(sources)).toEqual([]);
  });

  test("has no import that a bundler sees and this test does not", async () => {
    const { metafile } = await build({
      entryPoints: sources.map(({ file }) => file),
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      outdir: "unused",
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    const seen = new Set(sources.flatMap(importsOf).map(({ from, to }) => `${from} -> ${to}`));
    const bundled = Object.entries(metafile.inputs).flatMap(([from, { imports }]) =>
      imports.map(({ path }) => `${from} -> ${path}`),
    );
    expect(bundled.length).toBeGreaterThan(100);
    expect(bundled.filter((edge) => !seen.has(edge))).toEqual([]);
  });
});

describe("the check itself finds", () => {
  const errors: Source = { file: "lib/errors.ts", text: "" };
  const log: Source = { file: "lib/log/audit.ts", text: "" };

  test.for<{ what: string; file: string; text: string; beside?: Source[]; problem: string }>([
    {
      what: "a domain that knows an adapter",
      file: "lib/token/x.ts",
      text: 'import { a } from "../log/audit.ts";',
      beside: [log],
      problem: "lib/token/x.ts -> lib/log/audit.ts: turns back",
    },
    {
      what: "the same by type",
      file: "lib/token/x.ts",
      text: 'import type { A } from "../log/audit.ts";',
      beside: [log],
      problem: "lib/token/x.ts -> lib/log/audit.ts: turns back",
    },
    {
      what: "the same by re-export",
      file: "lib/token/x.ts",
      text: 'export * from "../log/audit.ts";',
      beside: [log],
      problem: "lib/token/x.ts -> lib/log/audit.ts: turns back",
    },
    {
      what: "the same over several lines",
      file: "lib/token/x.ts",
      text: 'import {\n  a,\n  type B,\n} from "../log/audit.ts";',
      beside: [log],
      problem: "lib/token/x.ts -> lib/log/audit.ts: turns back",
    },
    {
      what: "the same for its effects",
      file: "lib/token/x.ts",
      text: 'import "../log/audit.ts";',
      beside: [log],
      problem: "lib/token/x.ts -> lib/log/audit.ts: turns back",
    },
    {
      what: "the same at run time",
      file: "lib/token/x.ts",
      text: 'const a = await import("../log/audit.ts");',
      beside: [log],
      problem: "lib/token/x.ts -> lib/log/audit.ts: turns back",
    },
    {
      what: "ground that knows the domain",
      file: "lib/errors.ts",
      text: 'import "./token/x.ts";',
      beside: [{ file: "lib/token/x.ts", text: "" }],
      problem: "lib/errors.ts -> lib/token/x.ts: turns back",
    },
    {
      what: "settings that know an adapter",
      file: "lib/config.ts",
      text: 'import "./log/audit.ts";',
      beside: [log],
      problem: "lib/config.ts -> lib/log/audit.ts: turns back",
    },
    {
      what: "an adapter that knows the wiring",
      file: "lib/aws/x.ts",
      text: 'import "../app.ts";',
      beside: [{ file: "lib/app.ts", text: "" }],
      problem: "lib/aws/x.ts -> lib/app.ts: turns back",
    },
    {
      what: "a library that knows offline",
      file: "lib/aws/x.ts",
      text: 'import "../../offline/ports.ts";',
      beside: [{ file: "offline/ports.ts", text: "" }],
      problem: "lib/aws/x.ts -> offline/ports.ts: what ships knows nothing of offline",
    },
    {
      what: "a library that knows the program",
      file: "lib/aws/x.ts",
      text: 'import "../../cli/flags.ts";',
      beside: [{ file: "cli/flags.ts", text: "" }],
      problem: "lib/aws/x.ts -> cli/flags.ts: turns back",
    },
    {
      what: "offline that knows the program",
      file: "offline/x.ts",
      text: 'import "../cli/flags.ts";',
      beside: [{ file: "cli/flags.ts", text: "" }],
      problem: "offline/x.ts -> cli/flags.ts: turns back",
    },
    {
      what: "a program that knows more of offline than its ports",
      file: "cli/x.ts",
      text: 'import "../offline/stack.ts";',
      beside: [{ file: "offline/stack.ts", text: "" }],
      problem: "cli/x.ts -> offline/stack.ts: what ships knows nothing of offline",
    },
    {
      what: "a library that knows a test",
      file: "lib/aws/x.ts",
      text: 'import "../../test/support/x.ts";',
      problem: "lib/aws/x.ts -> test/support/x.ts: no such file, or none that ships",
    },
    {
      what: "API Gateway's rules that know the library",
      file: "offline/api-gateway/x.ts",
      text: 'import "../../lib/errors.ts";',
      beside: [errors],
      problem: "offline/api-gateway/x.ts -> lib/errors.ts: stands by itself",
    },
    {
      what: "the SDK outside of its folder",
      file: "lib/log/x.ts",
      text: 'import { SSMClient } from "@aws-sdk/client-ssm";',
      problem: "lib/log/x.ts -> @aws-sdk/client-ssm: a package of other folders",
    },
    {
      what: "a type of the SDK outside of its folder",
      file: "lib/log/x.ts",
      text: 'import type { SSMClient } from "@aws-sdk/client-ssm";',
      problem: "lib/log/x.ts -> @aws-sdk/client-ssm: a package of other folders",
    },
    {
      what: "the SDK in the wiring, by its type",
      file: "lib/app.ts",
      text: 'import type { SSMClient } from "@aws-sdk/client-ssm";',
      problem: "lib/app.ts -> @aws-sdk/client-ssm: a package of other folders",
    },
    {
      what: "the SDK offline",
      file: "offline/x.ts",
      text: 'import "@aws-sdk/client-ssm";',
      problem: "offline/x.ts -> @aws-sdk/client-ssm: a package of other folders",
    },
    {
      what: "Lambda's types in the domain",
      file: "lib/token/x.ts",
      text: 'import type { Context } from "aws-lambda";',
      problem: "lib/token/x.ts -> aws-lambda: a package of other folders",
    },
    {
      what: "middy in the wiring, not by type alone",
      file: "lib/app.ts",
      text: 'import middy from "@middy/core";',
      problem: "lib/app.ts -> @middy/core: a package of other folders",
    },
    {
      what: "jose in the gateway",
      file: "lib/gateway/x.ts",
      text: 'import { decodeJwt } from "jose";',
      problem: "lib/gateway/x.ts -> jose: a package of other folders",
    },
    {
      what: "plain http loaded at the start",
      file: "lib/net/x.ts",
      text: 'import { request } from "node:http";',
      problem: "lib/net/x.ts -> node:http: a package of other folders",
    },
    {
      what: "plain http when it is needed, where no requests are made",
      file: "lib/issuer/x.ts",
      text: 'process.getBuiltinModule("node:http");',
      problem: "lib/issuer/x.ts -> node:http: a package of other folders",
    },
    {
      what: "the same by its other name",
      file: "lib/net/x.ts",
      text: 'import { request } from "http";',
      problem: "lib/net/x.ts -> http: a package of other folders",
    },
    {
      what: "a module of the process",
      file: "lib/net/x.ts",
      text: 'import { env } from "node:process";',
      problem: "lib/net/x.ts -> node:process: a package of other folders",
    },
    {
      what: "the environment",
      file: "lib/aws/x.ts",
      text: "const region = process.env.AWS_REGION;",
      problem: "lib/aws/x.ts reads process.env",
    },
    {
      what: "the environment in brackets",
      file: "lib/aws/x.ts",
      text: 'const region = process["env"];',
      problem: "lib/aws/x.ts reads process.env",
    },
    {
      what: "the environment taken apart",
      file: "lib/aws/x.ts",
      text: "const { env } = process;",
      problem: "lib/aws/x.ts reads process.env",
    },
    {
      what: "a default export",
      file: "lib/aws/x.ts",
      text: "export default class X {}",
      problem: "lib/aws/x.ts exports a default",
    },
    {
      what: "a default export by name",
      file: "lib/aws/x.ts",
      text: "const x = 1;\nexport { x as default };",
      problem: "lib/aws/x.ts exports a default",
    },
    {
      what: "a module variable",
      file: "lib/aws/x.ts",
      text: "let cache = 1;",
      problem: "lib/aws/x.ts keeps state in a module variable",
    },
    {
      what: "a file without a place",
      file: "lib/utils/x.ts",
      text: "",
      problem: "lib/utils/x.ts has no place in the dependency rule",
    },
    {
      what: "a file of 301 lines",
      file: "lib/aws/x.ts",
      text: "//\n".repeat(301),
      problem: "lib/aws/x.ts has more than 300 lines",
    },
    {
      what: "a cycle of two files",
      file: "lib/aws/x.ts",
      text: 'import "./y.ts";',
      beside: [{ file: "lib/aws/y.ts", text: 'import "./x.ts";' }],
      problem: "cycle of files: lib/aws/x.ts -> lib/aws/y.ts -> lib/aws/x.ts",
    },
    {
      what: "a file that imports itself",
      file: "lib/aws/x.ts",
      text: 'import "./x.ts";',
      problem: "cycle of files: lib/aws/x.ts -> lib/aws/x.ts",
    },
    {
      what: "a cycle of two folders by four files",
      file: "lib/token/x.ts",
      text: 'import "../issuer/x.ts";',
      beside: [
        { file: "lib/issuer/x.ts", text: "" },
        { file: "lib/issuer/y.ts", text: 'import "../token/y.ts";' },
        { file: "lib/token/y.ts", text: "" },
      ],
      problem: "cycle of parts: lib/token -> lib/issuer -> lib/token",
    },
  ])("$what", ({ file, text, beside = [], problem }) => {
    expect(problemsOf([{ file, text }, ...beside])).toEqual([problem]);
  });

  test.for<{ what: string; file: string; text: string; beside?: Source[] }>([
    { what: "steps that are skipped", file: "functions/x.ts", text: 'import "../lib/errors.ts";', beside: [errors] },
    {
      what: "a neighbour of the same tier",
      file: "lib/gateway/x.ts",
      text: 'import "../log/audit.ts";',
      beside: [log],
    },
    { what: "300 lines", file: "lib/aws/x.ts", text: "//\n".repeat(300) },
    { what: "a type of plain http", file: "lib/net/x.ts", text: 'import type { ClientRequest } from "node:http";' },
    { what: "plain http when it is needed", file: "lib/net/x.ts", text: 'process.getBuiltinModule("node:http");' },
    { what: "the environment in the wiring", file: "lib/app.ts", text: "process.env;" },
    {
      what: "a comment that speaks of it",
      file: "lib/aws/x.ts",
      text: '/**\n * process.env and import("jose")\n */\n// process.env',
    },
    { what: "a variable of a function", file: "lib/aws/x.ts", text: "function f() {\n  let open;\n}" },
    { what: "a string that looks like an import", file: "lib/aws/x.ts", text: 'const text = `a\n  import "jose"`;' },
  ])("nothing wrong with $what", ({ file, text, beside = [] }) => {
    expect(problemsOf([{ file, text }, ...beside])).toEqual([]);
  });
});
