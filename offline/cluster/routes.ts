import type { IncomingMessage } from "node:http";
import { type Answer, forPeople, json, readBody } from "./answer.ts";
import { apiResources, VERSION } from "./api-resources.ts";
import {
  ApiStatus,
  badRequest,
  methodNotAllowed,
  notAcceptable,
  pathNotFound,
  quote,
  strictDecoding,
} from "./api-status.ts";
import type { OfflineCluster } from "./cluster.ts";
import { control } from "./control.ts";
import { createToken } from "./create-token.ts";
import { decodeTokenRequest } from "./decode-token-request.ts";
import { DISCOVERY_PATH, DISCOVERY_TYPE, discoveryAnswer, KEYS_PATH, KEYS_TYPE, keysAnswer } from "./discovery.ts";
import type { Fault, Target } from "./faults.ts";
import { faultyAnswer, UNDISTURBED_QUERY } from "./faulty-answer.ts";

/** What is answered, and the fault that rules how it is sent. */
interface Outcome {
  readonly answer: Answer;
  readonly fault?: Fault | undefined;
}

const TOKEN_PATH = /^\/api\/v1\/namespaces\/([^/]+)\/serviceaccounts\/([^/]+)\/token$/;

/** Answers one request. Never rejects for what a client sends: that is a `Status`. */
export async function answerRequest(
  request: IncomingMessage,
  clusters: ReadonlyMap<string, OfflineCluster>,
): Promise<Outcome> {
  const [target = "", query] = (request.url ?? "").split("?", 2);
  const parameters = new URLSearchParams(query);
  const { answer, fault } = await answerOrStatus(async () => {
    const [, name = "", path = ""] = /^\/([^/]+)(\/.*)$/.exec(target) ?? [];
    const cluster = clusters.get(name);
    return cluster === undefined ? { answer: nothingThere(target) } : answerCluster(request, cluster, path, parameters);
  });
  const readByPeople = answer.status === 406 ? !acceptsJson(request) : isPretty(request, parameters);
  return { answer: readByPeople ? forPeople(answer) : answer, fault };
}

async function answerOrStatus(answer: () => Promise<Outcome> | Outcome): Promise<Outcome> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof ApiStatus) return { answer: json(error.code, error) };
    throw error;
  }
}

async function answerCluster(
  request: IncomingMessage,
  cluster: OfflineCluster,
  path: string,
  parameters: URLSearchParams,
): Promise<Outcome> {
  // kube-apiserver has these with a slash at the end too.
  const document = path.replace(/\/$/, "");
  if (document === DISCOVERY_PATH) {
    allow(request, "GET", DISCOVERY_TYPE);
    return answerDocument(cluster, "discovery", path, parameters);
  }
  if (document === KEYS_PATH || document === cluster.keysPath) {
    allow(request, "GET", KEYS_TYPE);
    return answerDocument(cluster, "keys", path, parameters);
  }
  if (document === "/version") {
    allow(request, "GET", "application/json");
    return { answer: forPeople(json(200, VERSION)) };
  }
  const resources = apiResources(document, cluster.server);
  if (resources !== undefined) {
    allow(request, "GET", "application/json");
    return { answer: json(200, resources) };
  }
  const [, namespace, account] = TOKEN_PATH.exec(path) ?? [];
  if (namespace !== undefined && account !== undefined) {
    allow(request, "POST", "application/json");
    const at = { namespace: decoded(namespace), name: decoded(account) };
    const right = await answerTokenRequest(request, cluster, at, parameters.get("fieldValidation"));
    return disturbed(right, cluster, "tokenRequests", path, parameters);
  }
  return { answer: (await control(request, cluster, path)) ?? nothingThere(path) };
}

async function answerDocument(
  cluster: OfflineCluster,
  target: "discovery" | "keys",
  path: string,
  parameters: URLSearchParams,
): Promise<Outcome> {
  cluster.calls[target] += 1;
  const keys = cluster.keys;
  const right = target === "keys" ? keysAnswer(keys) : discoveryAnswer(cluster.issuer, cluster.jwksUri, keys);
  return disturbed(right, cluster, target, path, parameters);
}

/** The answer in the way that a fault which is due has it. */
async function disturbed(
  right: Answer,
  cluster: OfflineCluster,
  target: Target,
  path: string,
  parameters: URLSearchParams,
): Promise<Outcome> {
  const fault = parameters.has(UNDISTURBED_QUERY) ? undefined : cluster.faults.take(target);
  if (fault === undefined) return { answer: right };
  const asked = { method: target === "tokenRequests" ? "POST" : "GET", url: `${cluster.server}${path}` } as const;
  return { answer: await faultyAnswer(fault, right, { ...asked, issuer: cluster.issuer }), fault };
}

async function answerTokenRequest(
  request: IncomingMessage,
  cluster: OfflineCluster,
  at: { readonly namespace: string; readonly name: string },
  fieldValidation: string | null,
): Promise<Answer> {
  cluster.calls.tokenRequests += 1;
  const decodedRequest = await decodeTokenRequest(request.headers["content-type"], await readBody(request));
  const unknown = decodedRequest.unknown.map((path) => `unknown field ${quote(path)}`);
  if (fieldValidation === "Strict" && unknown.length > 0) throw strictDecoding(unknown);
  const warnings = fieldValidation === "Ignore" ? [] : unknown;
  try {
    const { tokenRequest, warning } = createToken(decodedRequest.request, at, cluster.authority);
    return json(201, tokenRequest, warningHeaders(warning === undefined ? warnings : [...warnings, warning]));
  } catch (error) {
    if (error instanceof ApiStatus) return json(error.code, error, warningHeaders(warnings));
    throw error;
  }
}

/** 299, the agent "-" and a quoted string, as kube-apiserver writes warnings (RFC 7234 §5.5); in UTF-8, which it sends as it is. */
function warningHeaders(warnings: readonly string[]): { warning?: readonly string[] } {
  return warnings.length === 0
    ? {}
    : { warning: warnings.map((text) => Buffer.from(`299 - "${text.replace(/["\\]/g, "\\$&")}"`).toString("latin1")) };
}

/** @throws ApiStatus 405; 406 where `Accept` does not name `produced`, whose wildcards kube-apiserver does not heed here */
function allow(request: IncomingMessage, method: string, produced: string): void {
  if (request.method !== method) throw methodNotAllowed();
  const accepted = acceptedTypes(request);
  if (!accepted.includes("*/*") && !accepted.includes(produced)) throw notAcceptable(produced);
}

function acceptedTypes({ headers }: IncomingMessage): readonly string[] {
  return (headers.accept ?? "*/*").split(",").map((type) => type.split(";", 1).join("").trim());
}

function acceptsJson(request: IncomingMessage): boolean {
  return acceptedTypes(request).some((type) => ["*/*", "application/*", "application/json"].includes(type));
}

/** Who reads the answer (apiserver pkg/endpoints/handlers/negotiation). */
function isPretty(request: IncomingMessage, parameters: URLSearchParams): boolean {
  const asked = parameters.get("pretty") ?? "";
  if (asked !== "") return /^(?:1|t|T|TRUE|true|True)$/.test(asked);
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(request.headers["user-agent"] ?? "");
}

/** Below `/api/<version>/` a resource is missing, elsewhere a page. */
function nothingThere(path: string): Answer {
  if (/^(?:\/[^/]+)?\/api\/v1\/./.test(path)) return json(404, pathNotFound());
  return {
    status: 404,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-cache, private",
      "x-content-type-options": "nosniff",
    },
    body: Buffer.from("404 page not found\n"),
  };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest("the path is not valid percent-encoding");
  }
}
