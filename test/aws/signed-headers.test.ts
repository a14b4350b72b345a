import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import { expect, test } from "vitest";
import { signedHeaders } from "../../lib/aws/signed-headers.ts";
import { Sha256 } from "../../lib/service/credential/sha256.ts";

const text = (pattern: RegExp) => fc.stringMatching(pattern);

const anySettings = fc.record({
  endpoint: fc
    .oneof(
      fc.constantFrom("https://ssm.eu-central-1.amazonaws.com", "https://ssm.cn-north-1.amazonaws.com.cn"),
      fc.nat(65_535).map((port) => `http://127.0.0.1:${port}`),
      fc.constant("https://[::1]:8443"),
    )
    .map((url) => new URL(url)),
  region: text(/^[a-z0-9-]{1,32}$/),
  credentials: fc.record(
    {
      accessKeyId: text(/^[A-Z0-9]{1,32}$/),
      secretAccessKey: text(/^[!-~]{1,64}$/),
      sessionToken: text(/^[!-~]{1,400}$/),
    },
    { requiredKeys: ["accessKeyId", "secretAccessKey"] },
  ),
});

const anyPost = fc.record({
  service: text(/^[a-z0-9-]{1,20}$/),
  headers: fc.dictionary(
    text(/^(?:content-type|x-amz-t[a-z]{1,9}|a(?:-?[a-z0-9]){0,20}z)$/),
    text(/^[!-~]{1,40}(?: [!-~]{1,10})?$/),
    {
      maxKeys: 5,
    },
  ),
  body: fc.string({ unit: "grapheme", maxLength: 200 }),
  signedAt: fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true }),
});

test("are those that AWS's own signer gives, to the letter", async () => {
  const property = fc.asyncProperty(anySettings, anyPost, async (settings, post) => {
    const { endpoint, region, credentials } = settings;
    const signer = new SignatureV4({ credentials, region, service: post.service, sha256: Sha256 });
    const { headers } = await signer.sign(
      {
        method: "POST",
        protocol: endpoint.protocol,
        hostname: endpoint.hostname,
        path: "/",
        query: {},
        headers: { host: endpoint.host, ...post.headers },
        body: post.body,
      },
      { signingDate: post.signedAt },
    );
    expect(signedHeaders(settings, post)).toEqual(headers);
  });
  await fc.assert(property, { numRuns: 1000 });
});
