import { readFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import * as v from "valibot";
import type { Environment } from "../../lib/config.ts";
import { describeProblem } from "../../lib/document.ts";
import { isJsonObject } from "../../lib/json.ts";
import { CliError, EXIT } from "../exit-code.ts";
import { printable } from "../printable.ts";
import { YamlFile } from "../store/yaml-file.ts";
import { quote } from "../wording.ts";

const text = v.nullish(v.string("is not text"));
const flag = v.nullish(v.boolean("is neither true nor false"));
const texts = v.nullish(v.array(v.string("is not text"), "is not a list"));

const clusterSchema = v.looseObject({
  server: text,
  "certificate-authority": text,
  "certificate-authority-data": text,
  "insecure-skip-tls-verify": flag,
  "tls-server-name": text,
  "proxy-url": text,
  extensions: v.nullish(v.array(v.looseObject({ name: text, extension: v.unknown() }), "is not a list")),
});

const execSchema = v.looseObject({
  apiVersion: text,
  command: v.string("is not text"),
  args: texts,
  env: v.nullish(
    v.array(v.looseObject({ name: v.string("is not text"), value: v.string("is not text") }), "is not a list"),
  ),
  installHint: text,
  provideClusterInfo: flag,
  interactiveMode: text,
});

const userSchema = v.looseObject({
  token: text,
  tokenFile: text,
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  username: text,
  password: text,
  "auth-provider": v.optional(v.unknown()),
  exec: v.nullish(execSchema),
  as: text,
  "as-uid": text,
  "as-groups": texts,
  "as-user-extra": v.nullish(v.record(v.string(), v.array(v.string("is not text"), "is not a list"))),
});

const contextSchema = v.looseObject({ cluster: text, user: text, namespace: text });

const name = v.string("is not text");

const fileSchema = v.looseObject({
  "current-context": text,
  clusters: v.nullish(v.array(v.looseObject({ name, cluster: v.nullish(clusterSchema) }), "is not a list")),
  users: v.nullish(v.array(v.looseObject({ name, user: v.nullish(userSchema) }), "is not a list")),
  contexts: v.nullish(v.array(v.looseObject({ name, context: v.nullish(contextSchema) }), "is not a list")),
});

type KubeconfigFile = v.InferOutput<typeof fileSchema>;
export type KubeconfigCluster = v.InferOutput<typeof clusterSchema>;
export type KubeconfigUser = v.InferOutput<typeof userSchema>;
export type ExecPlugin = v.InferOutput<typeof execSchema>;

/** One context of a kubeconfig, whole: where the API server is, and as whom it is asked. */
export interface KubeContext {
  readonly name: string;
  readonly server: string;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  /** Of the file's entry; file names in it are relative to the folder that it is in. */
  readonly clusterFolder: string;
  readonly userFolder: string;
}

/** Which files: the one that is named, else those of `KUBECONFIG`, else `~/.kube/config`, as kubectl has it. */
function filesOf(named: string, env: Environment): readonly string[] {
  if (named !== "") return [named];
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  return listed.length > 0 ? listed : [join(env["HOME"] ?? env["USERPROFILE"] ?? "", ".kube", "config")];
}

/**
 * Reads a context. Of several files the first that says something counts (kubernetes client-go, clientcmd loader).
 * Throws `CliError`: a file that cannot be read, with its line; a context that is not there.
 *
 * @param file - empty for kubectl's own files
 * @param contextName - the current one where it is not given
 */
export async function readKubeContext(
  file: string,
  contextName: string | undefined,
  env: Environment,
): Promise<KubeContext> {
  const paths = filesOf(file, env);
  const files = await readFiles(paths, file !== "");
  const where = paths.join(", ");
  const wanted = contextName ?? files.map(({ content }) => content["current-context"]).find(isGiven);
  if (wanted === undefined) throw new CliError(EXIT.USAGE, `${where} has no current context; give --context`);

  const context = find(files, ({ contexts }) => contexts, wanted)?.entry.context;
  if (context === undefined || context === null) {
    const known = files.flatMap(({ content }) => content.contexts ?? []).map((each) => printable(each.name, 64));
    throw new CliError(
      EXIT.USAGE,
      `no context ${quote(wanted)} in ${where}; there are ${known.length === 0 ? "none" : known.slice(0, 20).join(", ")}`,
    );
  }
  const cluster = find(files, ({ clusters }) => clusters, context.cluster);
  const server = cluster?.entry.cluster?.server;
  if (cluster === undefined || !isGiven(server)) {
    throw new CliError(EXIT.INPUT, `the context ${quote(wanted)} in ${where} names a cluster that has no \`server\``);
  }
  const user = find(files, ({ users }) => users, context.user);
  if (user === undefined && isGiven(context.user)) {
    throw new CliError(EXIT.INPUT, `the context ${quote(wanted)} in ${where} names a user that is not there`);
  }
  return {
    name: wanted,
    server,
    cluster: cluster.entry.cluster ?? {},
    user: user?.entry.user ?? {},
    clusterFolder: cluster.folder,
    userFolder: user?.folder ?? "",
  };
}

interface LoadedFile {
  readonly content: KubeconfigFile;
  readonly folder: string;
}

async function readFiles(paths: readonly string[], mustBeThere: boolean): Promise<LoadedFile[]> {
  const files: LoadedFile[] = [];
  let missing = "";
  for (const path of paths) {
    try {
      files.push({ content: parseFile(path, await readFile(path, "utf8")), folder: dirname(resolve(path)) });
    } catch (error) {
      if (error instanceof CliError) throw error;
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
      missing = `${path} cannot be read (${code}); give --kubeconfig a file, or set KUBECONFIG`;
      // A list may name files that are not there yet.
      if (code !== "ENOENT" || mustBeThere) throw new CliError(EXIT.INPUT, missing);
    }
  }
  if (files.length === 0) throw new CliError(EXIT.INPUT, missing);
  return files;
}

function parseFile(path: string, content: string): KubeconfigFile {
  const yaml = new YamlFile(path, content);
  const json = yaml.isEmpty ? {} : yaml.toJson();
  if (!isJsonObject(json)) throw new CliError(EXIT.INPUT, `${path}:1: expected a kubeconfig`);
  const result = v.safeParse(fileSchema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const steps = (issue.path ?? []).map(({ key }) => (typeof key === "number" ? key : String(key)));
  const problem = describeProblem({ path: steps, text: issue.received === "undefined" ? "is missing" : issue.message });
  throw new CliError(EXIT.INPUT, `${yaml.locate(steps)}: ${problem}`);
}

/** The first entry of this name, and the folder of its file. */
function find<Entry extends { readonly name: string }>(
  files: readonly LoadedFile[],
  listOf: (content: KubeconfigFile) => readonly Entry[] | null | undefined,
  wanted: string | null | undefined,
): { readonly entry: Entry; readonly folder: string } | undefined {
  for (const { content, folder } of files) {
    const entry = listOf(content)?.find((each) => each.name === wanted);
    if (entry !== undefined) return { entry, folder };
  }
  return undefined;
}

function isGiven(value: string | null | undefined): value is string {
  return typeof value === "string" && value !== "";
}
