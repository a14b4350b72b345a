import { describe, expect, test } from "vitest";
import { type CredentialOwner, createCredentialMaker } from "../../../lib/service/credential/make-credential.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { callerOf, callLoopback, requestOf, valuesOf } from "./support.ts";

const owner: CredentialOwner = {
  service: "github",
  network: "public",
  credential: { type: "header", name: "Authorization", value: "Bearer {secret}", secret: "token" },
};

function startMaker() {
  const asked: string[] = [];
  const make = createCredentialMaker({
    readSecret: async (service, name) => {
      asked.push(`${service}/${name}`);
      return { parameter: "/p", text: `${service}-${name}` };
    },
    assumeRole: () => Promise.reject(new Error("no role is assumed here")),
    call: callLoopback,
    clock: new ManualClock(),
  });
  return { make, asked };
}

test("a document that was read again unchanged has the secret that was read for it", async () => {
  const { make, asked } = startMaker();
  await make(owner).apply(requestOf(), callerOf());
  await make(structuredClone(owner)).apply(requestOf(), callerOf());
  expect(asked).toEqual(["github/token"]);
});

describe("a secret is another one for", () => {
  test.for<{ what: string; other: CredentialOwner; sent: string }>([
    { what: "another service", other: { ...owner, service: "orders" }, sent: "Bearer orders-token" },
    {
      what: "another name",
      other: { ...owner, credential: { type: "header", name: "Authorization", value: "Bearer {secret}", secret: "b" } },
      sent: "Bearer github-b",
    },
    { what: "another network", other: { ...owner, network: "private" }, sent: "Bearer github-token" },
  ])("$what", async ({ other, sent }) => {
    const { make, asked } = startMaker();
    await make(owner).apply(requestOf(), callerOf());
    expect(valuesOf(await make(other).apply(requestOf(), callerOf()), "authorization")).toEqual([sent]);
    expect(asked).toHaveLength(2);
  });
});

test.for<{ credential: CredentialOwner["credential"]; own: readonly string[] }>([
  { credential: { type: "none" }, own: [] },
  { credential: { type: "header", name: "X-Key", value: "{secret}", secret: "a" }, own: ["x-key"] },
  { credential: { type: "basic", username: "u", secret: "a" }, own: ["authorization"] },
  {
    credential: { type: "oauth2-client-credentials", tokenURL: "https://a.example/t", clientId: "c", secret: "a" },
    own: ["authorization"],
  },
  {
    credential: { type: "aws-sigv4", region: "eu-west-1", signingName: "s3", roleArn: "arn:aws:iam::1:role/r" },
    own: ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"],
  },
])("$credential.type owns $own, and making it reads nothing", ({ credential, own }) => {
  const { make, asked } = startMaker();
  expect(make({ ...owner, credential }).ownHeaders).toEqual(own);
  expect(asked).toEqual([]);
});
