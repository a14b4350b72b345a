import { once } from "node:events";
import { type IncomingMessage, type RequestOptions, request as requestPlain } from "node:http";
import { request as requestOverTls } from "node:https";
import type { Environment } from "../../lib/config.ts";
import { isJsonObject, parseJson } from "../../lib/json.ts";
import { addressKind } from "../../lib/net/addresses.ts";
import { CliError, EXIT } from "../exit-code.ts";
import { printable } from "../printable.ts";
import { findCredential, type KubeCredential, readPem } from "./kube-credential.ts";
import { readKubeContext } from "./read-kubeconfig.ts";

/** A cluster's API server, as one user. */
export interface KubeApi {
  /** For people: `context dev`, `http://127.0.0.1:4100/dev`. */
  readonly title: string;
  /** Whether it has proved to be that server: `insecure-skip-tls-verify` asks for no proof. */
  readonly isVerified: boolean;
  get(path: string): Promise<KubeAnswer>;
  post(path: string, body: object): Promise<KubeAnswer>;
}

/** An answer of 2xx. */
export interface KubeAnswer {
  readonly body: unknown;
  /** What the server warns of (`Warning`, RFC 7234 §5.5), as people may read it. */
  readonly warnings: readonly string[];
}

interface Place {
  readonly title: string;
  readonly server: URL;
  /** What to do where it does not answer. */
  readonly whenSilent?: string | undefined;
  readonly credential: KubeCredential;
  readonly tls: {
    readonly ca?: string | undefined;
    readonly servername?: string;
    readonly rejectUnauthorized: boolean;
  };
}

const LARGEST_ANSWER_BYTES = 1024 * 1024;
const LONGEST_SECONDS = 30;

/** The API server of a kubeconfig's context. Throws `CliError`, as every call does: what is wrong, where, what to do. */
export async function openKubeconfig(file: string, context: string | undefined, env: Environment): Promise<KubeApi> {
  const found = await readKubeContext(file, context, env);
  const { cluster, clusterFolder } = found;
  if (cluster["proxy-url"]) {
    throw new CliError(
      EXIT.INPUT,
      `the cluster of context ${printable(found.name, 64)} has a proxy-url, which is not supported; use \`kubectl proxy\` and --server`,
    );
  }
  const server = readServer(found.server, "the kubeconfig's server");
  const ca = await readPem(cluster["certificate-authority-data"], cluster["certificate-authority"], clusterFolder);
  return apiOf({
    title: `context ${printable(found.name, 64)}`,
    server,
    credential: await findCredential(found, env),
    tls: {
      ca,
      ...(cluster["tls-server-name"] && { servername: cluster["tls-server-name"] }),
      rejectUnauthorized: cluster["insecure-skip-tls-verify"] !== true,
    },
  });
}

/** An API server that asks nobody who they are: the offline clusters, `kubectl proxy`. @param whenSilent - what to do then */
export function openServer(url: string, whenSilent?: string): KubeApi {
  const server = readServer(url, "--server");
  return apiOf({
    title: printable(url),
    server,
    whenSilent,
    credential: { headers: {} },
    tls: { rejectUnauthorized: true },
  });
}

/** Credentials in plain text go nowhere but to this machine. */
function readServer(text: string, what: string): URL {
  const url = URL.parse(text);
  if (url !== null && url.username === "" && url.password === "") {
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    const isLocal = host === "localhost" || addressKind(host) === "loopback";
    if (url.protocol === "https:" || (url.protocol === "http:" && isLocal)) return url;
  }
  throw new CliError(
    EXIT.USAGE,
    `${what} is no URL of an API server: expected https://host:port, or http:// on this machine`,
  );
}

function apiOf(place: Place): KubeApi {
  return {
    title: place.title,
    isVerified: place.tls.rejectUnauthorized,
    get: (path) => ask(place, "GET", path),
    post: (path, body) => ask(place, "POST", path, JSON.stringify(body)),
  };
}

async function ask(place: Place, method: string, path: string, body?: string): Promise<KubeAnswer> {
  const {
    credential,
    server,
    tls,
    title,
    whenSilent = "check the server, its certificate authority and the network",
  } = place;
  const url = new URL(`${server.pathname.replace(/\/$/, "")}${path}`, server);
  const options: RequestOptions = {
    method,
    agent: false,
    headers: {
      ...credential.headers,
      // Both by name: `/openid/v1/jwks` answers 406 to `application/json` alone.
      accept: "application/json, application/jwk-set+json",
      "user-agent": "podgate",
      ...(body !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    },
    signal: AbortSignal.timeout(LONGEST_SECONDS * 1000),
  };
  let response: IncomingMessage;
  let text: string;
  try {
    const request =
      url.protocol === "https:"
        ? requestOverTls(url, {
            ...options,
            ...tls,
            cert: credential.certificate,
            key: credential.key,
            minVersion: "TLSv1.2",
          })
        : requestPlain(url, options);
    // A request may report more than one error, and one that nobody hears ends the process.
    request.on("error", () => undefined);
    request.end(body);
    [response] = (await once(request, "response")) as [IncomingMessage];
    text = await readBody(response);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new CliError(
      EXIT.UNDECIDED,
      `${title}: no answer from ${url.origin} (${code === "ABORT_ERR" ? "timed out" : code}); ${whenSilent}`,
    );
  }
  const answer = parse(text);
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) throw refused(title, status, answer);
  return { body: answer, warnings: warningsOf(response) };
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER_BYTES) {
      response.destroy();
      throw new CliError(EXIT.UNDECIDED, `an answer of more than ${LARGEST_ANSWER_BYTES} bytes: that is no API server`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

const ADVICE: ReadonlyMap<number, string> = new Map([
  [401, "; log in to the cluster again, as for kubectl"],
  [403, "; ask for the right that it names"],
]);

function refused(title: string, status: number, answer: unknown): CliError {
  const message = isJsonObject(answer) && typeof answer["message"] === "string" ? answer["message"] : "";
  const said = message === "" ? "" : `: ${printable(message, 400)}`;
  const code = status >= 400 && status < 500 ? EXIT.NO : EXIT.UNDECIDED;
  return new CliError(code, `${title} answered ${status}${said}${ADVICE.get(status) ?? ""}`);
}

/** `299 - "text"`, as kube-apiserver writes them. */
function warningsOf(response: IncomingMessage): string[] {
  const header = response.headers["warning"] ?? "";
  return [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) =>
    printable(text.replaceAll(/\\(.)/g, "$1"), 300),
  );
}
