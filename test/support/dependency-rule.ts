import { posix } from "node:path";

/** A source text and where it stands. */
export interface Source {
  /** From the root of the project. */
  readonly file: string;
  readonly text: string;
}

interface Import {
  readonly from: string;
  /** A file of the project, or a package. */
  readonly to: string;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

/** Outermost first. An import leads to a later tier, or to another part of the same one; parts have no cycles. */
const TIERS: readonly (readonly string[])[] = [
  // The operators' program stands on top of everything and under nothing.
  ["cli"],
  // What is published under `podgate` is an entry like the functions.
  ["functions", "lib/podgate.ts"],
  ["lib/app.ts"],
  ["lib/gateway", "lib/aws", "lib/net", "lib/log"],
  ["lib/config.ts"],
  ["lib/decision", "lib/token", "lib/issuer", "lib/permission", "lib/service"],
  [
    "lib/awaitable.ts",
    "lib/clock.ts",
    "lib/errors.ts",
    "lib/json.ts",
    "lib/names.ts",
    "lib/document.ts",
    "lib/document-reader.ts",
    "lib/aging-cache.ts",
    "lib/lru.ts",
  ],
];

/** Packages that belong to some folders. Others may have types, of which nothing is left at run time. */
const PACKAGES: readonly {
  readonly name: RegExp;
  readonly in: RegExp;
  readonly types?: RegExp;
  /** Who may have types may have the module too, at the moment when it is needed. */
  readonly later?: true;
}[] = [
  { name: /^@aws-sdk\//, in: /^(lib\/aws|cli\/store)\// },
  { name: /^aws-lambda$|^@middy\//, in: /^(functions|lib\/gateway)\//, types: /^lib\/(app|podgate)\.ts$/ },
  { name: /^valibot$/, in: /^(offline|cli)\// },
  { name: /^jose$/, in: /^(lib\/token|lib\/issuer|offline|cli)\// },
  // It loads undici, which costs a cold start.
  { name: /^(node:)?http$/, in: /^(offline|cli\/kubeconfig)\//, types: /^lib\/(net|aws)\//, later: true },
  { name: /^(node:)?process$/, in: /^offline\// },
];

/** What Serverless loads as a plugin: it takes a default export. */
const DEFAULT_EXPORTS = ["offline/plugin.ts", "offline/podgate-offline.ts"];
/** The program finds a running stack by its ports. */
const OFFLINE_ADDRESSES = "offline/ports.ts";
const PROCESS_ENV = /^((lib\/app|cli\/main)\.ts$|offline\/)/;
const MAX_LINES = 300;

const STATEMENT = /^(?:import|export)\s+(type\s)?([^;"'`]*?\bfrom\s*)?["']([^"']+)["']/gm;
const DYNAMIC = /\b(?:import|require|getBuiltinModule)\(\s*["'`]([^"'`]+)["'`]/g;

/** What a file imports, by type and at run time too. */
export function importsOf({ file, text }: Source): Import[] {
  const target = (specifier: string) =>
    specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : specifier;
  const statements = [...text.matchAll(STATEMENT)].map(([, type, , specifier = ""]) => ({
    from: file,
    to: target(specifier),
    typeOnly: type !== undefined,
    dynamic: false,
  }));
  const dynamic = [...withoutComments(text).matchAll(DYNAMIC)].map(([, specifier = ""]) => ({
    from: file,
    to: target(specifier),
    typeOnly: false,
    dynamic: true,
  }));
  return [...statements, ...dynamic];
}

/** Comments as this project writes them: on lines of their own. */
function withoutComments(text: string): string {
  return text.replaceAll(/^\s*(\/\/|\/?\*).*$/gm, "");
}

function tierOf(file: string): number {
  return TIERS.findIndex((parts) => parts.includes(partOf(file)));
}

/** `lib/token` of `lib/token/claims.ts`; a file directly in `lib` is a part by itself. */
function partOf(file: string): string {
  const [root = "", folder = ""] = file.split("/");
  return root === "lib" ? `lib/${folder}` : root;
}

/** Everything that breaks the dependency rule, a line each. */
export function problemsOf(sources: readonly Source[]): string[] {
  const files = new Set(sources.map(({ file }) => file));
  const imports = sources.flatMap(importsOf);
  const local = imports.filter(({ to }) => files.has(to));
  return [
    ...imports.flatMap((each) => importProblems(each, files)),
    ...sources.flatMap(sourceProblems),
    ...findCycle(local).map((cycle) => `cycle of files: ${cycle}`),
    ...findCycle(
      local
        .map(({ from, to }) => ({ from: partOf(from), to: partOf(to) }))
        .filter(({ from, to }) => from !== to && from !== "offline"),
    ).map((cycle) => `cycle of parts: ${cycle}`),
  ];
}

function importProblems({ from, to, typeOnly, dynamic }: Import, files: ReadonlySet<string>): string[] {
  const edge = `${from} -> ${to}`;
  if (/^(cli|lib|functions|offline|test|scripts)\//.test(to) || to.startsWith("..")) {
    if (!files.has(to)) return [`${edge}: no such file, or none that ships`];
    if (from.startsWith("offline/api-gateway/") && to.startsWith("lib/")) return [`${edge}: stands by itself`];
    if (from.startsWith("offline/")) return to.startsWith("cli/") ? [`${edge}: turns back`] : [];
    if (from.startsWith("cli/") && to === OFFLINE_ADDRESSES) return [];
    if (to.startsWith("offline/")) return [`${edge}: what ships knows nothing of offline`];
    return tierOf(to) >= tierOf(from) ? [] : [`${edge}: turns back`];
  }
  const rule = PACKAGES.find(({ name }) => name.test(to));
  if (rule === undefined || rule.in.test(from)) return [];
  const atNoCost = typeOnly || (dynamic && rule.later === true);
  return atNoCost && rule.types?.test(from) ? [] : [`${edge}: a package of other folders`];
}

function sourceProblems({ file, text }: Source): string[] {
  const code = withoutComments(text);
  const ships = !file.startsWith("offline/");
  const rules: [broken: boolean, problem: string][] = [
    [ships && tierOf(file) < 0, "has no place in the dependency rule"],
    [
      /^export\s+(default\b|\{[^}]*\bas\s+default\b)/m.test(code) && !DEFAULT_EXPORTS.includes(file),
      "exports a default",
    ],
    [
      /\bprocess\s*(\??\.\s*|\??\.?\[\s*["'`])env\b|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b/.test(code) &&
        !PROCESS_ENV.test(file),
      "reads process.env",
    ],
    [ships && /^(export\s+)?(let|var)\s/m.test(code), "keeps state in a module variable"],
    [file.startsWith("lib/") && text.trimEnd().split("\n").length > MAX_LINES, `has more than ${MAX_LINES} lines`],
  ];
  return rules.filter(([broken]) => broken).map(([, problem]) => `${file} ${problem}`);
}

/** The first cycle in which these edges lead back, if there is one. */
function findCycle(edges: readonly { readonly from: string; readonly to: string }[]): string[] {
  const next = Map.groupBy(edges, ({ from }) => from);
  const done = new Set<string>();
  const search = (at: string, path: readonly string[]): string | undefined => {
    if (path.includes(at)) return [...path.slice(path.indexOf(at)), at].join(" -> ");
    if (done.has(at)) return undefined;
    for (const { to } of next.get(at) ?? []) {
      const found = search(to, [...path, at]);
      if (found !== undefined) return found;
    }
    done.add(at);
    return undefined;
  };
  for (const from of next.keys()) {
    const cycle = search(from, []);
    if (cycle !== undefined) return [cycle];
  }
  return [];
}
