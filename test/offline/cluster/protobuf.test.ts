import { readFileSync } from "node:fs";
import fc from "fast-check";
import protobuf from "protobufjs/minimal.js";
import { describe, expect, test } from "vitest";
import { bodyOf, parts, type Started, startDev } from "./support.ts";

const PROTOBUF = { "content-type": "application/vnd.kubernetes.protobuf" };
const RECORDED = readFileSync(new URL("../../fixtures/kubectl/pod-1.33.protobuf", import.meta.url));
const MAGIC = Buffer.from("k8s\0");

async function send(dev: Started, body: Uint8Array) {
  const path = "/api/v1/namespaces/payments/serviceaccounts/checkout/token";
  const response = await fetch(`${dev.issuer}${path}`, {
    method: "POST",
    headers: PROTOBUF,
    body: new Uint8Array(body),
  });
  return { status: response.status, body: await bodyOf(response) };
}

/** Answers that a client can be blamed for, with a Status; a 201 where the change changed nothing that counts. */
function isAnswer({ status, body }: Awaited<ReturnType<typeof send>>): boolean {
  if (status === 201) return parts(body.status.token).claims.sub === "system:serviceaccount:payments:checkout";
  return [400, 404, 409, 422].includes(status) && body["kind"] === "Status" && body["code"] === status;
}

/** A TokenRequest in its envelope, written by the library. */
function encoded(spec: { audiences: readonly string[]; expirationSeconds: number; pod: string }): Uint8Array {
  const { Writer } = protobuf;
  const ref = Writer.create().uint32(10).string("Pod").uint32(18).string("v1").uint32(26).string(spec.pod).finish();
  const inner = Writer.create();
  for (const audience of spec.audiences) inner.uint32(10).string(audience);
  inner.uint32(26).bytes(ref).uint32(32).int64(spec.expirationSeconds);
  const raw = Writer.create().uint32(18).bytes(inner.finish()).finish();
  const type = Writer.create().uint32(10).string("authentication.k8s.io/v1").uint32(18).string("TokenRequest").finish();
  return Buffer.concat([MAGIC, Writer.create().uint32(10).bytes(type).uint32(18).bytes(raw).finish()]);
}

describe("a protobuf body (application/vnd.kubernetes.protobuf)", () => {
  test("says what was written into it", async () => {
    await using dev = await startDev();
    const audience = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(audience, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 600, max: 2 ** 32 }),
        async (audiences, expirationSeconds) => {
          const { status, body } = await send(dev, encoded({ audiences, expirationSeconds, pod: "checkout-0" }));
          const { claims } = parts(body.status.token);
          expect(status).toBe(201);
          expect(claims.aud).toEqual(audiences);
          expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(expirationSeconds);
          expect(claims).toHaveProperty(["kubernetes.io", "pod", "name"], "checkout-0");
        },
      ),
      { numRuns: 50 },
    );
  });

  test("cut off anywhere is a 400, or as good as whole", async () => {
    await using dev = await startDev();
    const answers = await Promise.all(Array.from(RECORDED, (_, length) => send(dev, RECORDED.subarray(0, length))));
    expect(answers.filter((answer) => !isAnswer(answer))).toEqual([]);
    expect(answers.slice(0, 40).map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 400));
  });

  test("with any byte changed is answered, by a Status where it is not understood", async () => {
    await using dev = await startDev();
    const change = fc.record({ at: fc.nat(RECORDED.length - 1), to: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const body = Buffer.from(RECORDED);
        for (const { at, to } of changes) body[at] = to;
        expect(await send(dev, body)).toSatisfy(isAnswer);
      }),
      { numRuns: 400 },
    );
  });

  test("of any bytes is a 400", async () => {
    await using dev = await startDev();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, magic) => {
        const answer = await send(dev, magic ? Buffer.concat([MAGIC, bytes]) : bytes);
        expect(answer).toSatisfy(isAnswer);
        if (!magic) expect(answer.status).toBe(400);
      }),
      { numRuns: 200 },
    );
  });

  test.for([
    { what: "groups within groups", body: Buffer.alloc(100_000, 0x0b) },
    { what: "a length of 4 GB", body: Buffer.from("0affffffff0f", "hex") },
    { what: "a varint without an end", body: Buffer.from("0affffffffffffffffffffff", "hex") },
    {
      what: "a message in a message in a message",
      body: Buffer.concat(Array.from({ length: 500 }, () => Buffer.from("0a7f", "hex"))),
    },
  ])("of $what is a 400", async ({ body }) => {
    await using dev = await startDev();
    expect((await send(dev, Buffer.concat([MAGIC, body]))).status).toBe(400);
    expect((await send(dev, RECORDED)).status).toBe(201);
  });
});
