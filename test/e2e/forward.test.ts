import { createHash } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ShownRequest } from "../../offline/sample/received-request.ts";
import { DEMO_SECRETS } from "../../offline/sample/secrets.ts";
import { freePorts, type RunningStack, startStack } from "../support/offline-stack.ts";

let stack: RunningStack;
let token: string;

beforeAll(async () => {
  stack = await startStack(await freePorts());
  token = await mint();
});
beforeEach(async () => {
  await control("/_faults", "DELETE");
  await control("/_requests", "DELETE");
});
afterAll(() => stack[Symbol.asyncDispose]());

const gateway = () => `http://127.0.0.1:${stack.ports.gateway}`;

/** A token for the gateway, as a pod of payments/billing in the cluster `dev` gets it. */
async function mint(name = "billing"): Promise<string> {
  const spec = { audiences: [gateway()], expirationSeconds: 3600, boundObjectRef: { kind: "Pod", name: `${name}-0` } };
  const url = `http://127.0.0.1:${stack.ports.cluster}/dev/api/v1/namespaces/payments/serviceaccounts/${name}/token`;
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec }),
  });
  const { status } = (await answer.json()) as { status: { token: string } };
  return status.token;
}

/** Tells the sample service something, or asks it. */
async function control(path: string, method = "GET", value?: object): Promise<unknown> {
  const body = value === undefined ? {} : { body: JSON.stringify(value) };
  return (await fetch(`http://127.0.0.1:${stack.ports.service}${path}`, { method, ...body })).json();
}

async function received(): Promise<readonly ShownRequest[]> {
  return (await control("/_requests")) as ShownRequest[];
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Buffer;
  readonly by?: string;
}

interface Got {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** Sends the path as it is written: a client that tidied it up would hide what is tested. */
async function call(path: string, { method = "GET", headers = {}, body, by = token }: Sent = {}): Promise<Got> {
  const sent = request({
    host: "127.0.0.1",
    port: stack.ports.gateway,
    path: `/services${path}`,
    method,
    headers: { authorization: `Bearer ${by}`, ...headers },
    agent: false,
  });
  sent.end(body);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
}

const jsonOf = ({ body }: Got) => JSON.parse(body.toString("utf8"));
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

describe("a pod's token becomes the service's own credential", () => {
  test.for([
    { kind: "none", path: "/echo/a", reached: "/echo/a", credential: "not asked" },
    { kind: "header", path: "/header/repos/acme/site", reached: "/header/repos/acme/site", credential: "right" },
    { kind: "basic", path: "/basic/a", reached: "/basic/a", credential: "right" },
    { kind: "oauth2-client-credentials", path: "/oauth2/a", reached: "/oauth2/a", credential: "right" },
    { kind: "aws-sigv4", path: "/sigv4/a", reached: "/sigv4/a", credential: "right" },
  ])("$kind", async ({ path, reached, credential }) => {
    const got = await call(`${path}?b=2&a=1`);
    expect(got.status).toBe(200);
    expect(got.headers["podgate-decision"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(got.headers).not.toHaveProperty("podgate-error");
    // The service answers with what it saw.
    expect(jsonOf(got)).toMatchObject({ method: "GET", path: reached, query: "b=2&a=1", credential });
    expect((await received()).at(-1)).toMatchObject({ path: reached, credential });
  });

  test("aws-sigv4: the role's session is the pod's", async () => {
    expect(jsonOf(await call("/sigv4/who"))).toMatchObject({
      caller: {
        role: "arn:aws:iam::123456789012:role/podgate-sample",
        tags: { "kubernetes-service-account": "billing", "kubernetes-pod-name": "billing-0" },
      },
    });
  });

  test("the identity header names the principal, whatever the pod says", async () => {
    const got = await call("/echo/a", {
      headers: { "X-Podgate-Principal": "dev/payments/admin", X_Podgate_Principal: "x" },
    });
    const said = (jsonOf(got).headers as [string, string][]).filter(([name]) => /podgate/i.test(name));
    expect(said).toEqual([["x-podgate-principal", "dev/payments/billing"]]);
  });
});

describe("what is not allowed does not reach a service", () => {
  test.for([
    { what: "another method", path: "/header/repos/acme/site", method: "POST", status: 403 },
    { what: "another path", path: "/header/repos/other", method: "GET", status: 403 },
    { what: "another service", path: "/nobodys/repos/acme/site", method: "GET", status: 403 },
    { what: "a doubly encoded dot segment", path: "/header/repos/acme/%252e%252e/other", method: "GET", status: 403 },
    { what: "an encoded backslash", path: "/header/repos/acme/..%5cother", method: "GET", status: 403 },
    { what: "a semicolon", path: "/header/repos/acme/..;/other", method: "GET", status: 403 },
  ])("$what is $status", async ({ path, method, status }) => {
    const got = await call(path, { method });
    expect({ status: got.status, code: got.headers["podgate-error"] }).toEqual({ status, code: "FORBIDDEN" });
    expect(jsonOf(got)).toMatchObject({ status: 403, code: "FORBIDDEN" });
    expect(await received()).toEqual([]);
  });

  // What stands before the function may resolve dot segments by itself: then it is another path, or no route at all.
  test.for(["/header/repos/acme/../other", "/header/repos/acme/%2e%2e/other", "/header/repos/acme//other"])(
    "%s is refused, by whoever sees it first",
    async (path) => {
      expect((await call(path)).status).toBeGreaterThanOrEqual(400);
      expect(await received()).toEqual([]);
    },
  );

  test("another service account is 403, no token 401", async () => {
    expect((await call("/basic/a", { by: await mint("somebody") })).status).toBe(403);
    const got = await call("/basic/a", { by: "" });
    expect(got.status).toBe(401);
    expect(await received()).toEqual([]);
  });
});

describe("bytes", () => {
  test("what the function answers in base64 comes out as it was", async () => {
    const { body, status } = await call("/echo/answer/bytes/100000");
    expect(status).toBe(200);
    expect(sha256(body)).toBe(sha256(Buffer.from(Uint8Array.from({ length: 100_000 }, (_, index) => index % 251))));
  });

  test.for([
    { what: "a service's 503", answer: "status/503", status: 503, own: undefined },
    { what: "a redirect", answer: "redirect/302", status: 302, own: undefined },
    { what: "a reset", answer: "reset", status: 502, own: "SERVICE_ANSWER_INVALID" },
  ])("$what is $status; the gateway's own is marked: $own", async ({ answer, status, own }) => {
    const got = await call(`/echo/answer/${answer}`);
    expect(got.status).toBe(status);
    expect(got.headers["podgate-error"]).toBe(own);
  });
});

test("a secret rotated in the store is used by the next call that the service refuses", async () => {
  const put = (value: string) =>
    fetch(`http://127.0.0.1:${stack.ports.store}/`, {
      method: "POST",
      headers: { "x-amz-target": "AmazonSSM.PutParameter", "content-type": "application/x-amz-json-1.1" },
      body: JSON.stringify({
        Name: "/podgate/offline/secrets/basic/password",
        Value: value,
        Type: "SecureString",
        Overwrite: true,
      }),
    });
  expect((await call("/basic/a")).status).toBe(200);
  await control("/_secrets", "PUT", { basic: "rotated-basic-password" });
  expect((await put("rotated-basic-password")).status).toBe(200);
  await control("/_requests", "DELETE");
  expect((await call("/basic/a")).status).toBe(200);
  // One refused and one repeated, or the environment that answered had not read the old one.
  expect((await received()).at(-1)).toMatchObject({ path: "/basic/a", credential: "right" });
});

test("neither the log of all this nor an answer holds a token or a secret", async () => {
  const answers = await Promise.all(
    ["/header/answer/odd-headers", "/basic/answer/odd-headers", "/oauth2/answer/odd-headers", "/sigv4/x"].map((path) =>
      call(path),
    ),
  );
  const told = [stack.output(), ...answers.map((got) => JSON.stringify([got.headers, got.body.toString("utf8")]))];
  const secrets = [...Object.values(DEMO_SECRETS), "rotated-basic-password", ...token.split(".").slice(1)];
  const encoded = secrets.map((secret) => Buffer.from(`podgate:${secret}`).toString("base64"));
  for (const secret of [...secrets, ...encoded]) expect(told.join("\n")).not.toContain(secret);
  expect(stack.output()).toContain('"type":"call"');
});
