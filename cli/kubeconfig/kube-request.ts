import { execFile } from "node:child_process";
import { request } from "node:https";
import { promisify } from "node:util";
import type { Environment } from "../../lib/config.ts";
import { isJsonObject } from "../../lib/json.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { KubeAccess, KubeExec, KubeUser } from "./kubeconfig.ts";

const TIMEOUT_MS = 10_000;
/** A plugin may have to ask a cloud, or a person in a browser. */
const PLUGIN_TIMEOUT_MS = 60_000;
const MAX_BYTES = 1024 * 1024;

/** A request to an API server. `body` makes it a POST. */
export interface KubeRequest {
  /** Such as `/openid/v1/jwks`. */
  readonly path: string;
  readonly body?: object;
}

/**
 * The JSON that an API server answers with. Throws `CliError` for everything else, without a word of the answer.
 *
 * @param env - for a credential plugin, which needs the shell's
 */
export async function askKubernetes(
  access: KubeAccess,
  { path, body }: KubeRequest,
  env: Environment,
): Promise<unknown> {
  const user = access.user.exec === undefined ? access.user : await runPlugin(access.user.exec, env);
  const url = `${access.server}${path}`;
  const headers = {
    // The key set has a media type of its own, which an API server insists on.
    accept: "application/json, application/jwk-set+json",
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(user.token !== undefined && { authorization: `Bearer ${user.token}` }),
  };
  const call = { url, headers, body: body && JSON.stringify(body) };
  const { status, text } = url.startsWith("https:") ? await callVerified(call, access, user) : await callLoopback(call);
  if (status < 200 || status > 299) {
    const hint = status === 401 || status === 403 ? ": the user of this context may not" : "";
    throw new CliError(EXIT.UNDECIDED, `${url} answered ${status}${hint}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError(EXIT.UNDECIDED, `${url} did not answer with JSON`);
  }
}

interface Call {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function callVerified({ url, headers, body }: Call, access: KubeAccess, user: KubeUser): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) =>
      reject(new CliError(EXIT.UNDECIDED, `${url} cannot be asked (${error.code ?? error.name})`));
    const asked = request(
      url,
      {
        method: body === undefined ? "GET" : "POST",
        headers,
        ca: access.certificateAuthority,
        servername: access.serverName,
        cert: user.certificate,
        key: user.key,
        agent: false,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_BYTES) response.destroy(new RangeError());
          else chunks.push(chunk);
        });
        response.on("error", fail);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
        );
      },
    );
    asked.on("error", fail);
    asked.end(body);
  });
}

/** `kubectl proxy`, and the clusters of `npm start`: plain http on this machine. */
async function callLoopback({ url, headers, body }: Call): Promise<Answer> {
  const { hostname } = new URL(url);
  if (!/^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname)) {
    throw new CliError(
      EXIT.INPUT,
      `${url} is plain http to another machine: keys that are read there could be anybody's`,
    );
  }
  try {
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers,
      ...(body !== undefined && { body }),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "no answer";
    throw new CliError(EXIT.UNDECIDED, `${url} cannot be asked (${reason})`);
  }
}

/** Runs a credential plugin as client-go does: what it is told is in `KUBERNETES_EXEC_INFO`, what it says an ExecCredential. */
async function runPlugin({ apiVersion, command, args, env: more }: KubeExec, env: Environment): Promise<KubeUser> {
  let stdout: string;
  try {
    const info = { apiVersion, kind: "ExecCredential", spec: { interactive: false } };
    ({ stdout } = await promisify(execFile)(command, [...args], {
      env: { ...env, ...more, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      timeout: PLUGIN_TIMEOUT_MS,
    }));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${error.code})` : "";
    throw new CliError(
      EXIT.UNDECIDED,
      `the credential plugin ${command} of the kubeconfig failed${code}; run kubectl once to see why`,
    );
  }
  const status = statusOf(stdout);
  const member = (name: string) => (typeof status[name] === "string" ? status[name] : undefined);
  return { token: member("token"), certificate: member("clientCertificateData"), key: member("clientKeyData") };
}

function statusOf(stdout: string): Readonly<Record<string, unknown>> {
  try {
    const credential: unknown = JSON.parse(stdout);
    if (isJsonObject(credential) && isJsonObject(credential["status"])) return credential["status"];
  } catch {
    // Told below: what a plugin printed may be a token.
  }
  throw new CliError(EXIT.UNDECIDED, "the credential plugin of the kubeconfig did not print an ExecCredential");
}
