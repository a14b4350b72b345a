import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseExternalService } from "../../../lib/service/external-service.ts";
import { DEFAULT_CLUSTERS } from "../../../offline/options.ts";
import { readSeed, type SeedParameter } from "../../../offline/parameter-store/seed.ts";
import { sampleCompanion } from "../../../offline/sample/companion.ts";
import { DEMO_SECRETS, DEMO_USER } from "../../../offline/sample/secrets.ts";
import { type SampleService, startSampleService } from "../../../offline/sample/service.ts";
import { functionEnvironment } from "../../../offline/service-changes.ts";
import { startStack } from "../../../offline/stack.ts";

const PREFIX = "/podgate/offline";

let service: SampleService;
let parameters: readonly SeedParameter[];

beforeAll(async () => {
  service = await startSampleService();
  const variables = { clusters: "http://127.0.0.1:4100", service: service.url };
  ({ parameters } = readSeed(await readFile("offline/seed.yaml", "utf8"), variables));
});

afterAll(() => service[Symbol.asyncDispose]());

function textUnder(name: string): string {
  const found = parameters.find((each) => each.name === `${PREFIX}/${name}`);
  if (found === undefined) throw new Error(`the seed has no ${name}`);
  return found.value;
}

function serviceNamed(name: string) {
  return parseExternalService({
    name: `${PREFIX}/services/${name}`,
    version: 1,
    revision: "1",
    text: textUnder(`services/${name}`),
  });
}

describe("the seed's external services", () => {
  test("are one of each kind of credential, each at a part of the sample service", () => {
    const names = parameters.flatMap(({ name }) => /\/services\/(.+)$/.exec(name)?.[1] ?? []);
    expect(Object.fromEntries(names.map((name) => [name, serviceNamed(name).credential.type]))).toEqual({
      echo: "none",
      header: "header",
      basic: "basic",
      oauth2: "oauth2-client-credentials",
      sigv4: "aws-sigv4",
    });
    for (const name of names) expect(serviceNamed(name).url).toBe(`${service.url}/${name}`);
  });

  test("have the secrets that the sample service takes, as SecureStrings and nowhere else", () => {
    const secrets = parameters.filter(({ type }) => type === "SecureString");
    expect(Object.fromEntries(secrets.map(({ name, value }) => [name.slice(PREFIX.length), value]))).toEqual({
      "/secrets/header/key": DEMO_SECRETS.header,
      "/secrets/basic/password": DEMO_SECRETS.basic,
      "/secrets/oauth2/client-secret": DEMO_SECRETS.oauth2,
    });
    const documents = parameters.filter(({ type }) => type === "String");
    for (const { value } of secrets) expect(documents.filter((each) => each.value.includes(value))).toEqual([]);
  });

  test("name the user, the client and the token endpoint of the sample service", () => {
    expect(serviceNamed("basic").credential).toMatchObject({ username: DEMO_USER, secret: "password" });
    expect(serviceNamed("header").credential).toMatchObject({ name: "X-Api-Key", value: "{secret}", secret: "key" });
    expect(serviceNamed("oauth2").credential).toMatchObject({
      clientId: DEMO_USER,
      tokenURL: service.tokenUrl,
      secret: "client-secret",
    });
  });

  test("may all be called by billing, whose first rule is for orders", () => {
    const { allow } = JSON.parse(textUnder("permissions/dev/payments/billing"));
    const services = allow.map((rule: { service: string }) => rule.service);
    expect(services[0]).toBe("orders");
    expect(services).toEqual(expect.arrayContaining(["echo", "header", "basic", "oauth2", "sigv4"]));
  });
});

test("functions ask the sample service for sessions", async () => {
  const ports = { gateway: 0, websocket: 0, lambda: 0, cluster: 0, store: 0, service: 0 };
  await using stack = await startStack({
    ports,
    clusters: DEFAULT_CLUSTERS,
    seedFile: "offline/seed.yaml",
    companion: sampleCompanion,
  });
  const url = functionEnvironment(ports, stack, {})["AWS_ENDPOINT_URL_STS"];
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/_sts$/);
  expect(url?.startsWith(stack.companion?.variables["service"] ?? "none")).toBe(true);
});
