import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Context } from "aws-lambda";
import { type App, createApp } from "../lib/app.ts";
import { createIssuerSource } from "../lib/aws/document-sources.ts";
import { ParameterNames } from "../lib/aws/parameter-names.ts";
import { systemClock } from "../lib/clock.ts";
import type { StoredDocument } from "../lib/document.ts";
import { IssuerDirectory } from "../lib/issuer/issuer-directory.ts";
import type { IssuerUrl } from "../lib/issuer/issuer-url.ts";
import { TokenVerifier } from "../lib/token/token-verifier.ts";
import { boundClaims, headerOf, signCompact } from "../offline/cluster/claims.ts";
import { type SigningKey, signingKey } from "../offline/cluster/signing-key.ts";

export type KeyType = "RS256" | "ES256";

export const AUDIENCE = "orders.example.com";
export const API = "abc123def4";
export const STAGE_ARN = `arn:aws:execute-api:eu-central-1:123456789012:${API}/prod`;
export const NAMESPACE = "payments";
export const PREFIX = "/podgate/bench";

/** A cluster that signs: everything that a verifier of its tokens may know. */
export interface Cluster {
  readonly issuer: string;
  readonly name: string;
  readonly signing: SigningKey;
  readonly publicKey: KeyObject;
  readonly keyId: string;
}

/** @param material - a key to use again: making RSA keys takes its time */
export function makeCluster(name: string, type: KeyType, material?: KeyObject): Cluster {
  const privateKey = material ?? makePrivateKey(type);
  const signing = signingKey(privateKey);
  return {
    issuer: `https://oidc.eks.eu-central-1.amazonaws.com/id/${Buffer.from(name).toString("hex").toUpperCase()}`,
    name,
    signing,
    publicKey: createPublicKey(privateKey),
    keyId: signing.kid,
  };
}

export function makePrivateKey(type: KeyType): KeyObject {
  return type === "RS256"
    ? generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
    : generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

/** A projected token of a pod, as kube-apiserver 1.32 makes it: pod and node in it, about 1.2 KB with RS256. */
export function mint(
  { issuer, signing }: Cluster,
  serviceAccount = "billing",
  { header = {}, claims = {} }: { header?: object; claims?: object } = {},
): string {
  const usual = boundClaims({
    issuer,
    namespace: NAMESPACE,
    serviceAccount: { name: serviceAccount, uid: "4b1f8e6c-36a4-4a2f-8f0e-0f2d4c1f9a10" },
    binding: {
      node: { name: "ip-10-0-12-34.eu-central-1.compute.internal", uid: "a3f5c9d2-8f5e-4e37-9a43-5a4fd6b6d0c1" },
      pod: { name: `${serviceAccount}-6f7d9c5b8d-x2x9k`, uid: "0d9c1f0e-1c44-4b9f-a3a5-7c1d4b1f2e3a" },
    },
    audiences: [AUDIENCE],
    issuedAt: Math.floor(Date.now() / 1000) - 60,
    lifetimeSeconds: 3600,
  });
  return signCompact({ ...headerOf(signing), ...header }, { ...usual, ...claims }, signing);
}

export function mintMany(cluster: Cluster, count: number): string[] {
  return Array.from({ length: count }, () => mint(cluster));
}

/** Rules as an operator writes them: a method or two, a path with a wildcard at its end or a literal one. */
export function rules(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    service: "orders",
    methods: index % 2 === 0 ? (["GET"] as const) : (["POST", "PUT"] as const),
    paths: [index % 4 === 3 ? `/v1/resource${index}/summary` : `/v1/resource${index}/*`],
  }));
}

/** A call that the last of `count` rules with a wildcard allows. */
export function allowedPath(count: number): string {
  return `/v1/resource${count - (count % 2 === 0 ? 2 : 1)}/items/42`;
}

const names = new ParameterNames(PREFIX);

/** A parameter store in memory: what a warm function has read long ago. */
export class MemoryStore {
  readonly #documents = new Map<string, StoredDocument>();

  register(cluster: Cluster, members: object = {}): void {
    const { issuer, name, signing } = cluster;
    this.put(names.issuer(issuer as IssuerUrl) ?? "", { url: issuer, cluster: name, ...members });
    this.putKeys(cluster, [signing.jwk]);
  }

  putKeys({ issuer }: Cluster, keys: readonly object[]): void {
    const fetchedAt = Math.floor(Date.now() / 1000);
    this.put(names.keys(issuer as IssuerUrl) ?? "", { issuer, fetchedAt, source: "discovered", keys });
  }

  putApi(members: object = {}): void {
    this.put(names.api(API) ?? "", { service: "orders", audiences: [AUDIENCE], ...members });
  }

  /** Under the principal's own name, or one of the wider ones. */
  putPermissions(scope: string, document: object): void {
    this.put(`${PREFIX}/permissions/${scope}`, document);
  }

  put(name: string, value: object): void {
    this.#documents.set(name, { name, version: 1, revision: "1@0", text: JSON.stringify(value) });
  }

  async find(wanted: readonly string[]): Promise<ReadonlyMap<string, StoredDocument>> {
    return new Map(
      wanted.flatMap((name) => {
        const found = this.#documents.get(name);
        return found === undefined ? [] : [[name, found] as const];
      }),
    );
  }
}

/**
 * Takes lines as standard output does, but for the system call: the bytes of the whole line are copied. So nothing is
 * optimised away, and a text that is put together has to be one in the end.
 */
export class Sink {
  readonly #buffer = Buffer.alloc(65_536);
  #bytes = 0;

  readonly write = (line: string): void => {
    this.#bytes = this.#buffer.write(`${line}\n`);
  };

  /** The last line. */
  get last(): string {
    return this.#buffer.toString("utf8", 0, this.#bytes - 1);
  }
}

const noIssuer = () => Promise.reject(new Error("no issuer is asked here"));

/** The verifier alone, over a store in memory. */
export function startVerifier(store: MemoryStore): TokenVerifier {
  const issuers = new IssuerDirectory({
    source: createIssuerSource({ names, read: (wanted) => store.find(wanted) }),
    fetchJson: noIssuer,
    clock: systemClock,
    allowLoopbackHttp: false,
    documentsMaxAgeSeconds: 60,
    documentsMaxStaleSeconds: 300,
    keysMaxAgeSeconds: 300,
    keysMaxStaleSeconds: 7200,
    holdoff: { until: 0 },
    onStale: () => undefined,
    onStaleKeys: () => undefined,
    onKeysUsed: () => undefined,
  });
  return new TokenVerifier({ issuers, clock: systemClock, clockSkewSeconds: 30 });
}

/** The deployed authorizer over a store in memory; its log goes into a sink. */
export function startApp(store: MemoryStore, sink = new Sink()): App {
  return createApp(
    { needsAudiences: false, env: { PODGATE_PARAMETER_PREFIX: PREFIX } },
    {
      readParameters: (wanted) => store.find(wanted),
      writeLine: sink.write,
      fetchJson: noIssuer,
    },
  );
}

export const CONTEXT = {
  functionName: "podgate-prod-authorizer",
  invokedFunctionArn: "arn:aws:lambda:eu-central-1:123456789012:function:podgate-prod-authorizer",
  getRemainingTimeInMillis: () => 3000,
} as Context;

/** The event of a REST API's `REQUEST` authorizer, whole. */
export function restEvent(token: string | undefined, path: string, method = "GET") {
  const headers: Record<string, string> = {
    Accept: "*/*",
    "Accept-Encoding": "gzip, deflate",
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    "CloudFront-Forwarded-Proto": "https",
    "CloudFront-Is-Desktop-Viewer": "true",
    "CloudFront-Viewer-Country": "DE",
    Host: `${API}.execute-api.eu-central-1.amazonaws.com`,
    "User-Agent": "Go-http-client/2.0",
    Via: "2.0 0123456789abcdef.cloudfront.net (CloudFront)",
    "X-Amzn-Trace-Id": "Root=1-67a1b2c3-0123456789abcdef01234567",
    "X-Forwarded-For": "203.0.113.7, 130.176.1.2",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
  };
  return {
    type: "REQUEST",
    methodArn: `${STAGE_ARN}/${method}${path}`,
    resource: "/{proxy+}",
    path,
    httpMethod: method,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: {},
    multiValueQueryStringParameters: {},
    pathParameters: { proxy: path.slice(1) },
    stageVariables: {},
    requestContext: {
      resourceId: "05c7jb",
      resourcePath: "/{proxy+}",
      httpMethod: method,
      extendedRequestId: "Fxyz123456EJSMA=",
      requestTime: "24/Oct/2026:10:00:00 +0000",
      path: `/prod${path}`,
      accountId: "123456789012",
      protocol: "HTTP/1.1",
      stage: "prod",
      domainPrefix: API,
      requestTimeEpoch: 1_792_836_000_000,
      requestId: "6f1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8",
      identity: { sourceIp: "203.0.113.7", userAgent: "Go-http-client/2.0" },
      domainName: `${API}.execute-api.eu-central-1.amazonaws.com`,
      apiId: API,
    },
  };
}

/** The event of an HTTP API's authorizer with the simple answer, whose size does not grow with the rules. */
export function httpEvent(token: string, path: string, method = "GET") {
  return {
    version: "2.0",
    type: "REQUEST",
    routeArn: `${STAGE_ARN}/${method}${path}`,
    identitySource: [`Bearer ${token}`, method, path],
    routeKey: "ANY /{proxy+}",
    rawPath: `/prod${path}`,
    rawQueryString: "",
    headers: { accept: "*/*", authorization: `Bearer ${token}`, "user-agent": "Go-http-client/2.0" },
    requestContext: { accountId: "123456789012", apiId: API, http: { method, path }, stage: "prod" },
  };
}
