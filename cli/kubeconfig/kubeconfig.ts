import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import { CliError, EXIT } from "../exit-code.ts";

/** How one context of a kubeconfig reaches its API server. */
export interface KubeAccess {
  readonly context: string;
  /** Without a `/` at the end. */
  readonly server: string;
  /** PEM; absent: the public roots. */
  readonly certificateAuthority?: string | undefined;
  /** The name in the server's certificate, where it is not that of the URL. */
  readonly serverName?: string | undefined;
  readonly user: KubeUser;
}

export interface KubeUser {
  readonly token?: string | undefined;
  /** PEM. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** A command that gives a token or a certificate (client-go credential plugin): EKS, GKE and AKS have one. */
  readonly exec?: KubeExec | undefined;
}

export interface KubeExec {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Reads one context of a kubeconfig: the few members that reach an API server, as client-go documents them. What it cannot
 * follow it refuses (a proxy, a server that is not verified, a password); a library for it would be larger than podgate.
 *
 * Throws `CliError`; nothing of the file is in a message but names.
 *
 * @param contextName - @default the file's `current-context`
 */
export async function readKubeconfig(path: string, contextName?: string): Promise<KubeAccess> {
  const config = await readYaml(path);
  const wrong = (what: string) => new CliError(EXIT.INPUT, `${path}: ${what}`);
  const name = contextName ?? text(config["current-context"]);
  if (name === undefined) throw wrong("it has no current-context; name one with --context");
  const named = (list: string, wanted: string | undefined, member: string): JsonObject => {
    const entries = Array.isArray(config[list]) ? config[list] : [];
    const found = entries.find((entry) => isJsonObject(entry) && entry["name"] === wanted);
    const value = isJsonObject(found) ? found[member] : undefined;
    if (isJsonObject(value)) return value;
    throw wrong(`${list} has none named ${JSON.stringify(wanted ?? "").slice(0, 128)}`);
  };
  const context = named("contexts", name, "context");
  const cluster = named("clusters", text(context["cluster"]), "cluster");
  const user = named("users", text(context["user"]), "user");

  const server = text(cluster["server"])?.replace(/\/$/, "");
  if (server === undefined || !URL.canParse(server))
    throw wrong(`the cluster of context ${name} has no server that is a URL`);
  if (cluster["insecure-skip-tls-verify"] === true) {
    throw wrong("insecure-skip-tls-verify: keys that are read from a server nobody verified could be anybody's");
  }
  if (cluster["proxy-url"] !== undefined)
    throw wrong("proxy-url is not followed; use `kubectl proxy` and a context for it");
  if (user["username"] !== undefined || user["auth-provider"] !== undefined) {
    throw wrong("passwords and auth-provider are not followed; use a token, a certificate or an exec plugin");
  }
  /** Inline in base64, or a file beside the kubeconfig. */
  const pem = async (from: JsonObject, member: string): Promise<string | undefined> => {
    const inline = text(from[`${member}-data`]);
    if (inline !== undefined) return Buffer.from(inline, "base64").toString("utf8");
    const file = text(from[member]);
    return file === undefined ? undefined : readBeside(path, file);
  };
  const tokenFile = text(user["tokenFile"]);
  return {
    context: name,
    server,
    certificateAuthority: await pem(cluster, "certificate-authority"),
    serverName: text(cluster["tls-server-name"]),
    user: {
      token: text(user["token"]) ?? (tokenFile && (await readBeside(path, tokenFile)).trim()),
      certificate: await pem(user, "client-certificate"),
      key: await pem(user, "client-key"),
      exec: isJsonObject(user["exec"]) ? execOf(user["exec"]) : undefined,
    },
  };
}

function execOf(exec: JsonObject): KubeExec {
  const env = Array.isArray(exec["env"]) ? exec["env"].filter(isJsonObject) : [];
  return {
    apiVersion: text(exec["apiVersion"]) ?? "client.authentication.k8s.io/v1",
    command: text(exec["command"]) ?? "",
    args: Array.isArray(exec["args"]) ? exec["args"].map(String) : [],
    env: Object.fromEntries(env.map(({ name, value }) => [String(name), String(value)])),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

async function readYaml(path: string): Promise<JsonObject> {
  const content = await readBeside(path, path);
  let value: unknown;
  try {
    value = parse(content, { logLevel: "error" });
  } catch {
    // Not the parser's message, which quotes the file.
    throw new CliError(EXIT.INPUT, `${path}: not readable as YAML`);
  }
  if (isJsonObject(value)) return value;
  throw new CliError(EXIT.INPUT, `${path}: no kubeconfig`);
}

async function readBeside(kubeconfig: string, file: string): Promise<string> {
  const path = file === kubeconfig ? file : resolve(dirname(kubeconfig), file);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new CliError(EXIT.INPUT, `${path} cannot be read (${code})`);
  }
}
