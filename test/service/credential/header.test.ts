import { describe, expect, test } from "vitest";
import { createCredentialMaker } from "../../../lib/service/credential/make-credential.ts";
import type { CredentialDocument } from "../../../lib/service/credential-document.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { callerOf, callLoopback, failureOf, requestOf, valuesOf } from "./support.ts";

/** A credential of the service `github`, as a function has it, with this text in the store. */
function credentialOf(credential: CredentialDocument, text: string) {
  const asked: string[] = [];
  const store = { text };
  const make = createCredentialMaker({
    readSecret: async (service, name) => {
      asked.push(`${service}/${name}`);
      return { parameter: `/podgate/test/secrets/${service}/${name}`, text: store.text };
    },
    assumeRole: () => Promise.reject(new Error("no role is assumed here")),
    call: callLoopback,
    clock: new ManualClock(),
  });
  return { credential: make({ service: "github", network: "public", credential }), asked, store };
}

const header = { type: "header", name: "X-Api-Key", value: "Key {secret}", secret: "token" } as const;
const basic = { type: "basic", username: "Aladdin", secret: "password" } as const;

describe("header", () => {
  test.for([
    { value: "Bearer {secret}", secret: "s3cret", sent: "Bearer s3cret" },
    { value: "{secret}", secret: "s3cret\n", sent: "s3cret" },
    { value: "a={secret};b={secret}", secret: "s", sent: "a=s;b=s" },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a secret may look like anything
    { value: "Bearer {secret}", secret: "$&$1$`$'$$${x}", sent: "Bearer $&$1$`$'$$${x}" },
    { value: "{secret}{secret}", secret: "{secret}", sent: "{secret}{secret}" },
    { value: "fixed", secret: "s", sent: "fixed" },
  ])("$value with $secret is sent as $sent (S37)", async ({ value, secret, sent }) => {
    const { credential, asked } = credentialOf({ ...header, value }, secret);
    const request = await credential.apply(requestOf(), callerOf());
    expect(request.headers).toEqual([["x-api-key", sent]]);
    expect(asked).toEqual(["github/token"]);
  });

  test("is sent once, last, and in no other spelling; the rest of the request stays as it was", async () => {
    const { credential } = credentialOf(header, "s3cret");
    const before = requestOf({
      method: "PUT",
      headers: [
        ["x-api-key", "spoofed"],
        ["accept", "a"],
        ["x_api_key", "spoofed"],
        ["X-API-KEY", "spoofed"],
        ["accept", "b"],
      ],
      body: Buffer.from("body"),
    });
    const after = await credential.apply(before, callerOf());
    expect(after).toEqual({
      ...before,
      headers: [
        ["accept", "a"],
        ["accept", "b"],
        ["x-api-key", "Key s3cret"],
      ],
    });
    expect(before.headers).toHaveLength(5);
  });

  test("owns its header in lower case", () => {
    expect(credentialOf(header, "s").credential.ownHeaders).toEqual(["x-api-key"]);
  });

  test.for(["canäry", "canary\u0007", "canary\u007f", "canary\u{1f511}"])(
    "%j cannot stand in a header: SECRET_UNAVAILABLE, the parameter is named",
    async (text) => {
      const { credential } = credentialOf(header, text);
      const failure = await failureOf(credential.apply(requestOf(), callerOf()), text);
      expect(failure.code).toBe("SECRET_UNAVAILABLE");
      expect(failure.message).toContain("parameter /podgate/test/secrets/github/token holds a character");
    },
  );

  test.for([" ~", "\tx"])("%j can stand in a header", async (text) => {
    const { credential } = credentialOf({ ...header, value: "{secret}" }, text);
    expect(valuesOf(await credential.apply(requestOf(), callerOf()), "x-api-key")).toEqual([text]);
  });

  test("a rotated secret is sent after a renewal", async () => {
    const { credential, store } = credentialOf(header, "old");
    const caller = callerOf();
    await credential.apply(requestOf(), caller);
    store.text = "new";
    expect(await credential.renew(caller)).toBe(true);
    expect(valuesOf(await credential.apply(requestOf(), caller), "x-api-key")).toEqual(["Key new"]);
  });
});

describe("basic (RFC 7617)", () => {
  test.for([
    { username: "Aladdin", secret: "open sesame", sent: "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", source: "its §2" },
    { username: "test", secret: "123£", sent: "Basic dGVzdDoxMjPCow==", source: "its §2.1" },
    { username: "", secret: "a:b\n", sent: "Basic OmE6Yg==", source: "a colon in the password alone" },
  ])("$username and $secret are $sent ($source)", async ({ username, secret, sent }) => {
    const { credential, asked } = credentialOf({ ...basic, username }, secret);
    const request = await credential.apply(requestOf({ headers: [["authorization", "Bearer pod"]] }), callerOf());
    expect(request.headers).toEqual([["authorization", sent]]);
    expect(credential.ownHeaders).toEqual(["authorization"]);
    expect(asked).toEqual(["github/password"]);
  });

  test("a rotated password is sent after a renewal", async () => {
    const { credential, store } = credentialOf(basic, "old");
    const caller = callerOf();
    await credential.apply(requestOf(), caller);
    store.text = "open sesame";
    expect(await credential.renew(caller)).toBe(true);
    const request = await credential.apply(requestOf(), caller);
    expect(valuesOf(request, "authorization")).toEqual(["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]);
  });
});

describe("none", () => {
  test("changes nothing, reads nothing, renews nothing", async () => {
    const { credential, asked } = credentialOf({ type: "none" }, "s");
    const request = requestOf({ headers: [["accept", "a"]] });
    const caller = callerOf();
    expect(await credential.apply(request, caller)).toBe(request);
    expect(await credential.renew(caller)).toBe(false);
    expect(credential.ownHeaders).toEqual([]);
    expect(asked).toEqual([]);
  });
});
