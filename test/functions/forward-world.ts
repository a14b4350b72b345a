import { expect } from "vitest";
import type { ShownRequest } from "../../offline/sample/received-request.ts";
import { DEMO_SECRETS } from "../../offline/sample/secrets.ts";
import { type SampleService, startSampleService } from "../../offline/sample/service.ts";
import type { CallResult, ContextValues, RunningFunction } from "../support/built-function.ts";
import { type AuditLine, auditOf } from "../support/verdict.ts";
import { GATEWAY, PREFIX, startWorld, type World } from "../support/world.ts";
import { type ForwardCall, type ForwardEventOf, httpApiForward } from "./forward-events.ts";

/** A world with an external service that checks every kind of credential, and `forward`. */
export interface ForwardWorld extends AsyncDisposable {
  readonly world: World;
  readonly service: SampleService;
  readonly forward: RunningFunction;
  /** `Bearer` and a token for the gateway, of payments/billing in the cluster `dev` where nothing else is said. */
  readonly authorization: string;
  bearer(cluster: string, serviceAccount?: string): Promise<string>;
  /** Another execution environment of `forward`. */
  start(): Promise<RunningFunction>;
  /** Stores a secret as SecureString. @param name - `<service>/<name>` */
  putSecret(name: string, value: string): void;
  /** Stores a service document, and its secrets by name, under a name that no function has looked for yet; gives the name. */
  addService(document: object, secrets?: Readonly<Record<string, string>>): string;
  /** One call, by payments/billing of `dev` and an HTTP API where nothing else is said. */
  ask(call: ForwardCall, more?: AskMore): Promise<Asked>;
}

export interface AskMore {
  readonly eventOf?: ForwardEventOf;
  readonly context?: Partial<ContextValues>;
  readonly by?: RunningFunction;
}

/** What came of a call: the answer, the records, and what reached the service meanwhile. */
export interface Asked {
  readonly result: CallResult;
  readonly statusCode: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly audit: AuditLine;
  /** The record of the call, where one was due. */
  readonly called: CallLine | undefined;
  readonly received: readonly ShownRequest[];
}

export interface CallLine {
  readonly type: "call";
  readonly decisionId: string;
  readonly outcome: "answered" | "failed";
  readonly service: string;
  readonly status?: number;
  readonly code?: string;
  readonly detail?: string;
  readonly level?: string;
}

/** Services that billing may call and that have no document before a test adds one. */
const SPARE_SERVICES = 50;

const EVERYTHING = { methods: ["*"], paths: ["*"] };

export const ROLE = "arn:aws:iam::123456789012:role/podgate-sample";

/** Service documents for each part of the sample service. */
export function sampleServices({ url, tokenUrl }: Pick<SampleService, "url" | "tokenUrl">) {
  return {
    echo: { url: `${url}/echo`, credential: { type: "none" }, identityHeader: "X-Podgate-Principal" },
    header: {
      url: `${url}/header`,
      credential: { type: "header", name: "X-Api-Key", value: "{secret}", secret: "key" },
      identityHeader: "X-Podgate-Principal",
    },
    basic: { url: `${url}/basic`, credential: { type: "basic", username: "podgate", secret: "password" } },
    oauth2: {
      url: `${url}/oauth2`,
      credential: {
        type: "oauth2-client-credentials",
        tokenURL: tokenUrl,
        clientId: "podgate",
        secret: "client-secret",
        scope: "reports.read",
      },
    },
    sigv4: {
      url: `${url}/sigv4`,
      credential: { type: "aws-sigv4", region: "us-east-1", signingName: "execute-api", roleArn: ROLE },
    },
  } as const;
}

export async function startForwardWorld(): Promise<ForwardWorld> {
  await using starting = new AsyncDisposableStack();
  const world = starting.use(await startWorld());
  const service = starting.use(await startSampleService());
  const names = Object.entries(sampleServices(service)).map(([name, document]) => {
    world.put(`services/${name}`, document);
    return name;
  });
  const putSecret = (name: string, value: string) =>
    void world.store.put(`${PREFIX}/secrets/${name}`, value, { type: "SecureString" });
  putSecret("header/key", DEMO_SECRETS.header);
  putSecret("basic/password", DEMO_SECRETS.basic);
  putSecret("oauth2/client-secret", DEMO_SECRETS.oauth2);
  const spare = Array.from({ length: SPARE_SERVICES }, (_, index) => `test-${index}`);
  const allow = [...names, ...spare].map((name) => ({ service: name, ...EVERYTHING }));
  world.put("permissions/dev/payments/billing", { allow });
  world.put("permissions/dev/payments/narrow", {
    allow: [{ service: "header", methods: ["GET"], paths: ["/repos/acme/*"] }],
  });
  const bearer: ForwardWorld["bearer"] = async (cluster, serviceAccount = "billing") => {
    const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: `${serviceAccount}-0` };
    return `Bearer ${await world.mint(cluster, { serviceAccount, audiences: [GATEWAY], boundObjectRef })}`;
  };
  const start = () => world.start("forward", { AWS_ENDPOINT_URL_STS: service.stsUrl });
  const [forward, authorization] = await Promise.all([start(), bearer("dev")]);
  const running = starting.move();
  return {
    world,
    service,
    forward,
    authorization,
    bearer,
    start,
    putSecret,
    addService: (document, secrets = {}) => {
      const name = spare.pop();
      if (name === undefined) throw new Error(`a test file has ${SPARE_SERVICES} services at most`);
      world.put(`services/${name}`, document);
      for (const [secret, value] of Object.entries(secrets)) putSecret(`${name}/${secret}`, value);
      return name;
    },
    ask: async (call, { eventOf = httpApiForward, context, by = forward } = {}) => {
      service.forgetRequests();
      const result = await by.call(eventOf({ authorization, ...call }), context);
      return { result, ...answerOf(result), ...recordsOf(result), received: [...service.requests] };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The answer as a client would get it, whatever the surface. Every answer names the decision, the gateway's own its code. */
function answerOf(result: CallResult): Pick<Asked, "statusCode" | "headers" | "body"> {
  expect(result.error).toBeUndefined();
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = result.answer as {
    statusCode: number;
    headers?: Record<string, string>;
    multiValueHeaders?: Record<string, string[]>;
    body: string;
    isBase64Encoded: boolean;
  };
  const all = multiValueHeaders ?? headers ?? {};
  const flat = Object.entries(all).map(([name, value]) => [name.toLowerCase(), [value].flat().join(", ")]);
  return {
    statusCode,
    headers: Object.fromEntries(flat),
    body: Buffer.from(body, isBase64Encoded ? "base64" : "utf8"),
  };
}

/** One decision record; beside it one of the call, where the decision was an allow and nowhere else. */
function recordsOf(result: CallResult): Pick<Asked, "audit" | "called"> {
  const audit = auditOf(result);
  const calls = result.lines.map((line): CallLine => JSON.parse(line)).filter(({ type }) => type === "call");
  expect(calls).toHaveLength(audit.outcome === "allow" ? 1 : 0);
  const [called] = calls;
  if (called !== undefined) expect(called.decisionId).toBe(audit.decisionId);
  const { headers } = answerOf(result);
  expect(headers["podgate-decision"]).toBe(audit.decisionId);
  expect("podgate-error" in headers).toBe(called?.outcome !== "answered");
  return { audit, called };
}

/** The values of a header that reached the service, in any case of its name. */
export function receivedValues(request: ShownRequest | undefined, name: string): string[] {
  return (request?.headers ?? []).filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

/** The problem in the gateway's own answer. */
export function problemOf({ body }: Asked): Record<string, unknown> {
  return JSON.parse(body.toString("utf8"));
}
