import { readFile } from "node:fs/promises";
import type { OutgoingHttpHeaders } from "node:http";
import { resolve } from "node:path";
import type { Environment } from "../../lib/config.ts";
import { CliError, EXIT } from "../exit-code.ts";
import { runExecPlugin } from "./exec-plugin.ts";
import type { KubeContext } from "./read-kubeconfig.ts";

/** As whom an API server is asked: headers, and what TLS needs. */
export interface KubeCredential {
  readonly headers: OutgoingHttpHeaders;
  /** PEM. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * Finds the credential that a context names, in client-go's order: a token, a token file, a plugin; beside them a client
 * certificate. Throws `CliError`.
 */
export async function findCredential(context: KubeContext, env: Environment): Promise<KubeCredential> {
  const { user, userFolder } = context;
  if (user["auth-provider"] !== undefined && user["auth-provider"] !== null) {
    throw new CliError(
      EXIT.INPUT,
      "the user has an auth-provider, which Kubernetes removed in 1.26; use an exec plugin",
    );
  }
  const certificate = await readPem(user["client-certificate-data"], user["client-certificate"], userFolder);
  const key = await readPem(user["client-key-data"], user["client-key"], userFolder);
  const token = user.token ? user.token : user.tokenFile ? await readText(user.tokenFile, userFolder) : undefined;
  const plugin =
    token === undefined && certificate === undefined && user.exec ? await runExecPlugin(user.exec, context, env) : {};
  const bearer = token ?? plugin.token;
  return {
    headers: { ...authorization(bearer?.trim(), user), ...impersonation(user) },
    certificate: certificate ?? plugin.certificate,
    key: key ?? plugin.key,
  };
}

function authorization(bearer: string | undefined, { username, password }: KubeContext["user"]): OutgoingHttpHeaders {
  if (bearer) {
    if (!/^[\x21-\x7e]+$/.test(bearer)) throw new CliError(EXIT.INPUT, "the user's token is not one line of ASCII");
    return { authorization: `Bearer ${bearer}` };
  }
  if (!username) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}` };
}

/** kubectl's `--as`, kept in a file (Kubernetes, "User impersonation"). */
function impersonation(user: KubeContext["user"]): OutgoingHttpHeaders {
  return {
    ...(user.as && { "impersonate-user": user.as }),
    ...(user["as-uid"] && { "impersonate-uid": user["as-uid"] }),
    ...(user["as-groups"]?.length && { "impersonate-group": user["as-groups"] }),
    ...Object.fromEntries(
      Object.entries(user["as-user-extra"] ?? {}).map(([name, values]) => [
        `impersonate-extra-${encodeURIComponent(name).toLowerCase()}`,
        values,
      ]),
    ),
  };
}

/** PEM out of the file itself, in base64, or out of another one. */
export async function readPem(
  data: string | null | undefined,
  file: string | null | undefined,
  folder: string,
): Promise<string | undefined> {
  if (data) return Buffer.from(data, "base64").toString("utf8");
  return file ? readText(file, folder) : undefined;
}

async function readText(file: string, folder: string): Promise<string> {
  const path = resolve(folder, file);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new CliError(EXIT.INPUT, `${path}, which the kubeconfig names, cannot be read (${code})`);
  }
}
