import { spawn } from "node:child_process";
import { once } from "node:events";
import { isAbsolute, join } from "node:path";
import type { Environment } from "../../lib/config.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../lib/json.ts";
import { CliError, EXIT } from "../exit-code.ts";
import { printable } from "../printable.ts";
import type { ExecPlugin, KubeContext } from "./read-kubeconfig.ts";

/** What a plugin gives: a token, a client certificate, or both. */
export interface ExecCredential {
  readonly token?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** Time for a person who logs in by a browser meanwhile. */
const LONGEST_SECONDS = 300;
const LARGEST_ANSWER_BYTES = 1024 * 1024;

/**
 * Runs a credential plugin of `client.authentication.k8s.io`, such as `aws eks get-token`, as client-go does: it learns of
 * the cluster by `KUBERNETES_EXEC_INFO`, and speaks to the person at the terminal itself. Throws `CliError`.
 */
export async function runExecPlugin(
  plugin: ExecPlugin,
  context: KubeContext,
  env: Environment,
): Promise<ExecCredential> {
  const { apiVersion, args, command } = plugin;
  const label = printable(command, 128);
  const interactive = process.stdin.isTTY === true && plugin.interactiveMode !== "Never";
  if (plugin.interactiveMode === "Always" && !interactive) {
    throw new CliError(EXIT.INPUT, `the credential plugin ${label} needs a terminal (interactiveMode: Always)`);
  }
  const info = {
    apiVersion: apiVersion ?? "",
    kind: "ExecCredential",
    spec: { interactive, ...(plugin.provideClusterInfo === true && { cluster: clusterInfo(context) }) },
  };
  // A name alone is looked for on the PATH; another relative one lies beside the kubeconfig.
  const program = isAbsolute(command) || !/[\\/]/.test(command) ? command : join(context.userFolder, command);
  const child = spawn(program, args ?? [], {
    env: {
      ...env,
      ...Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify(info),
    },
    stdio: [interactive ? "inherit" : "ignore", "pipe", "inherit"],
  });
  // What the plugin has started itself may hold the pipe open for longer than the plugin lives.
  let gaveUp: string | undefined;
  const giveUp = (why: string) => {
    gaveUp = why;
    child.stdout.destroy();
    child.kill();
  };
  // Not `timeout` of `spawn`: that timer stays where there is no such program.
  setTimeout(giveUp, LONGEST_SECONDS * 1000, `took longer than ${LONGEST_SECONDS} s`).unref();
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER_BYTES) giveUp(`printed more than ${LARGEST_ANSWER_BYTES} bytes`);
    else chunks.push(chunk);
  });
  let exitCode: number | null;
  try {
    [exitCode] = await once(child, "close");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    const hint = plugin.installHint ? `; ${printable(plugin.installHint.trim(), 300)}` : "";
    throw new CliError(EXIT.INPUT, `the credential plugin ${label} cannot be run (${code})${hint}`);
  }
  if (gaveUp !== undefined || exitCode !== 0) {
    const end = gaveUp ?? (exitCode === null ? "was ended" : `ended with exit code ${exitCode}`);
    throw new CliError(EXIT.UNDECIDED, `the credential plugin ${label} ${end}; run it by hand to see why`);
  }
  return readCredential(Buffer.concat(chunks).toString("utf8"), apiVersion ?? undefined, label);
}

function clusterInfo({ server, cluster }: KubeContext): JsonObject {
  const config = cluster.extensions?.find(({ name }) => name === "client.authentication.k8s.io/exec")?.extension;
  return {
    server,
    "tls-server-name": cluster["tls-server-name"] ?? undefined,
    "insecure-skip-tls-verify": cluster["insecure-skip-tls-verify"] ?? undefined,
    "certificate-authority-data": cluster["certificate-authority-data"] ?? undefined,
    "proxy-url": cluster["proxy-url"] ?? undefined,
    config,
  };
}

/** What it printed is a credential, so no message quotes it. */
function readCredential(text: string, apiVersion: string | undefined, label: string): ExecCredential {
  const unusable = (why: string) =>
    new CliError(EXIT.UNDECIDED, `the credential plugin ${label} printed no ExecCredential: ${why}`);
  let answer: unknown;
  try {
    answer = parseJson(text);
  } catch {
    throw unusable("it is not JSON");
  }
  if (!isJsonObject(answer) || answer["kind"] !== "ExecCredential") throw unusable("`kind` is another one");
  if (apiVersion !== undefined && answer["apiVersion"] !== apiVersion) {
    throw unusable("`apiVersion` is not that of the kubeconfig; bring both to one version");
  }
  const status = answer["status"];
  if (!isJsonObject(status)) throw unusable("it has no `status`");
  const { token, clientCertificateData: certificate, clientKeyData: key } = status;
  const hasPair = typeof certificate === "string" && typeof key === "string";
  if (typeof token !== "string" && !hasPair) throw unusable("it has no token and no client certificate with its key");
  return { ...(typeof token === "string" && { token }), ...(hasPair && { certificate, key }) };
}
