import type { IncomingMessage } from "node:http";
import { type Answer, json, readBody } from "./answer.ts";
import { ApiStatus, badRequest, methodNotAllowed, pathNotFound } from "./api-status.ts";
import type { OfflineCluster } from "./cluster.ts";
import { control } from "./control.ts";
import { createToken } from "./create-token.ts";
import { DISCOVERY_PATH, discoveryAnswer, KEYS_PATH, keysAnswer } from "./discovery.ts";
import type { Fault, Target } from "./faults.ts";
import { faultyAnswer, UNDISTURBED_QUERY } from "./faulty-document.ts";
import { decodeTokenRequest } from "./token-request.ts";

/** What is answered, and the fault that rules how it is sent. */
interface Outcome {
  readonly answer: Answer;
  readonly fault?: Fault | undefined;
}

const TOKEN_PATH = /^\/api\/v1\/namespaces\/([^/]+)\/serviceaccounts\/([^/]+)\/token$/;

/** `GET /version`. The minor version is the one whose claims are shaped like these. */
const VERSION = { major: "1", minor: "34", gitVersion: "v1.34.0+podgate-offline", platform: "podgate/offline" };

/** Answers one request. Never rejects for what a client sends: that is a `Status`. */
export async function answerRequest(
  request: IncomingMessage,
  clusters: ReadonlyMap<string, OfflineCluster>,
): Promise<Outcome> {
  try {
    const [target = "", query] = (request.url ?? "").split("?", 2);
    const [, name = "", path = ""] = /^\/([^/]+)(\/.*)$/.exec(target) ?? [];
    const cluster = clusters.get(name);
    if (cluster === undefined) throw pathNotFound();
    return await answerCluster(request, cluster, path, query);
  } catch (error) {
    if (error instanceof ApiStatus) return { answer: json(error.code, error) };
    throw error;
  }
}

async function answerCluster(
  request: IncomingMessage,
  cluster: OfflineCluster,
  path: string,
  query: string | undefined,
): Promise<Outcome> {
  if (path === DISCOVERY_PATH || path === KEYS_PATH) {
    const target = path === KEYS_PATH ? "keys" : "discovery";
    allow(request, "GET");
    return answerDocument(cluster, target, `${cluster.issuer}${path}`, query === UNDISTURBED_QUERY);
  }
  if (path === "/version") {
    allow(request, "GET");
    return { answer: json(200, VERSION) };
  }
  const [, namespace, account] = TOKEN_PATH.exec(path) ?? [];
  if (namespace !== undefined && account !== undefined) {
    allow(request, "POST");
    return { answer: await answerTokenRequest(request, cluster, decoded(namespace), decoded(account)) };
  }
  return { answer: await control(request, cluster, path) };
}

async function answerDocument(
  cluster: OfflineCluster,
  target: Target,
  url: string,
  undisturbed: boolean,
): Promise<Outcome> {
  cluster.calls[target] += 1;
  const keys = cluster.keys;
  const right = target === "keys" ? keysAnswer(keys) : discoveryAnswer(cluster.issuer, keys);
  const fault = undisturbed ? undefined : cluster.faults.take(target);
  if (fault === undefined) return { answer: right };
  return { answer: await faultyAnswer(fault, right, { url, issuer: cluster.issuer }), fault };
}

async function answerTokenRequest(
  request: IncomingMessage,
  cluster: OfflineCluster,
  namespace: string,
  name: string,
): Promise<Answer> {
  cluster.calls.tokenRequests += 1;
  const tokenRequest = decodeTokenRequest(request.headers["content-type"], await readBody(request));
  const created = createToken(tokenRequest, { namespace, name }, cluster.authority);
  // 299 and the agent "-", as kube-apiserver writes warnings (RFC 7234 §5.5).
  const headers: Record<string, string> = created.warning ? { warning: `299 - "${created.warning}"` } : {};
  return json(201, created.tokenRequest, headers);
}

function allow(request: IncomingMessage, method: string): void {
  if (request.method !== method) throw methodNotAllowed();
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest("the path is not valid percent-encoding");
  }
}
