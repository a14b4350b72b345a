import { describe, expect, test } from "vitest";
import { Secret, storedSecret } from "../../../lib/service/credential/secret.ts";
import { ServiceFailure } from "../../../lib/service/outgoing.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { failureOf } from "./support.ts";

/** A secret in a store that a test changes, fails and holds up. */
function startSecret(text = "first") {
  const clock = new ManualClock();
  const store = { text, reads: 0, failing: false, hold: Promise.resolve() };
  const read = async (service: string, name: string) => {
    store.reads += 1;
    const { text: now, failing } = store;
    await store.hold;
    if (failing) throw new ServiceFailure("SECRET_UNAVAILABLE", "no");
    return { parameter: `/podgate/test/secrets/${service}/${name}`, text: now };
  };
  const secret = storedSecret({ service: "github", name: "token" }, read, clock);
  return { clock, store, secret };
}

describe("the text of a secret (S37)", () => {
  test.for([
    { text: "s3cret", value: "s3cret" },
    { text: "s3cret\n", value: "s3cret" },
    { text: " s3cret ", value: " s3cret " },
    { text: "pässwörd", value: "pässwörd" },
    { text: "$&$1{secret}", value: "$&$1{secret}" },
  ])("$text is used as $value", async ({ text, value }) => {
    const { secret } = startSecret(text);
    expect(await secret.use({})).toBe(value);
  });

  test.for([
    { text: "canary\n\n", says: "holds CR, LF or NUL" },
    { text: "canary\r\n", says: "holds CR, LF or NUL" },
    { text: "canary\rx", says: "holds CR, LF or NUL" },
    { text: "\ncanary", says: "holds CR, LF or NUL" },
    { text: "canary\u0000", says: "holds CR, LF or NUL" },
    { text: "\n", says: "is empty" },
    { text: "", says: "is empty" },
  ])("$text is SECRET_UNAVAILABLE, and the parameter is named", async ({ text, says }) => {
    const { secret } = startSecret(text);
    const failure = await failureOf(secret.use({}), "canary");
    expect(failure.code).toBe("SECRET_UNAVAILABLE");
    expect(failure.message).toContain(`parameter /podgate/test/secrets/github/token ${says}`);
  });

  test("a fault that one kind of credential finds is told in the same way", async () => {
    const read = async () => ({ parameter: "/p", text: "canary" });
    const secret = storedSecret({ service: "a", name: "b", findFault: () => "is odd" }, read, new ManualClock());
    expect((await failureOf(secret.use({}), "canary")).message).toBe("parameter /p is odd");
  });
});

describe("age (S42)", () => {
  test.for([
    { seconds: 299, reads: 1 },
    { seconds: 300, reads: 2 },
  ])("after $seconds s a secret was read $reads times", async ({ seconds, reads }) => {
    const { clock, store, secret } = startSecret();
    await secret.use({});
    clock.advance(seconds);
    store.text = "second";
    expect(await secret.use({})).toBe(reads === 1 ? "first" : "second");
    expect(store.reads).toBe(reads);
  });

  test("counts from when reading began", async () => {
    const { clock, store, secret } = startSecret();
    const gate = Promise.withResolvers<void>();
    store.hold = gate.promise;
    const first = secret.use({});
    clock.advance(200);
    gate.resolve();
    await first;
    clock.advance(100);
    await secret.use({});
    expect(store.reads).toBe(2);
  });

  test("an aged secret does not serve when it cannot be read again", async () => {
    const { clock, store, secret } = startSecret();
    await secret.use({});
    store.failing = true;
    clock.advance(300);
    expect((await failureOf(secret.use({}))).code).toBe("SECRET_UNAVAILABLE");
  });
});

describe("reading", () => {
  test("many who need it at once make one read", async () => {
    const { store, secret } = startSecret();
    const used = await Promise.all(Array.from({ length: 200 }, () => secret.use({})));
    expect(new Set(used)).toEqual(new Set(["first"]));
    expect(store.reads).toBe(1);
  });

  test("a failure reaches all who wait for it and is not kept", async () => {
    const { store, secret } = startSecret();
    store.failing = true;
    const failures = await Promise.all([failureOf(secret.use({})), failureOf(secret.use({}))]);
    expect(failures.map(({ code }) => code)).toEqual(["SECRET_UNAVAILABLE", "SECRET_UNAVAILABLE"]);
    expect(store.reads).toBe(1);
    store.failing = false;
    expect(await secret.use({})).toBe("first");
  });
});

describe("renewal after a refused call (R21)", () => {
  test.for([
    { stored: "second", renewed: true, case: "another secret" },
    { stored: "first", renewed: false, case: "the same secret" },
    { stored: "first\n", renewed: false, case: "the same secret with a newline" },
    { stored: "firsT", renewed: true, case: "a secret of the same length" },
  ])("$case in the store: worth repeating is $renewed", async ({ stored, renewed }) => {
    const { store, secret } = startSecret();
    const call = {};
    await secret.use(call);
    store.text = stored;
    expect(await secret.renew(call)).toBe(renewed);
    expect(store.reads).toBe(2);
    expect(await secret.use(call)).toBe(stored.trim());
  });

  test.for([
    { seconds: 29, reads: 2, renewed: false },
    { seconds: 30, reads: 3, renewed: true },
  ])("$seconds s after a renewal the next one reads: $renewed", async ({ seconds, reads, renewed }) => {
    const { clock, store, secret } = startSecret();
    const call = {};
    await secret.use(call);
    expect(await secret.renew(call)).toBe(false);
    clock.advance(seconds);
    store.text = "second";
    expect(await secret.renew(call)).toBe(renewed);
    expect(store.reads).toBe(reads);
  });

  test("a failed renewal is no other secret, leaves the old one, and counts for the 30 s", async () => {
    const { store, secret } = startSecret();
    const call = {};
    await secret.use(call);
    store.failing = true;
    expect(await secret.renew(call)).toBe(false);
    store.failing = false;
    store.text = "second";
    expect(await secret.renew(call)).toBe(false);
    expect(await secret.use(call)).toBe("first");
    expect(store.reads).toBe(2);
  });

  test("calls that were refused together share one read, and each is worth repeating", async () => {
    const { store, secret } = startSecret();
    const calls = Array.from({ length: 100 }, () => ({}));
    await Promise.all(calls.map((call) => secret.use(call)));
    store.text = "second";
    const renewed = await Promise.all(calls.map((call) => secret.renew(call)));
    expect(new Set(renewed)).toEqual(new Set([true]));
    expect(store.reads).toBe(2);
  });

  test("a call with the old secret that is refused later is worth repeating without a read; one with the new is not", async () => {
    const { store, secret } = startSecret();
    const [first, late, next] = [{}, {}, {}];
    await secret.use(first);
    await secret.use(late);
    store.text = "second";
    expect(await secret.renew(first)).toBe(true);
    await secret.use(next);
    expect(await secret.renew(late)).toBe(true);
    expect(await secret.renew(next)).toBe(false);
    expect(store.reads).toBe(2);
  });

  test("a call that used no secret renews nothing", async () => {
    const { store, secret } = startSecret();
    expect(await secret.renew({})).toBe(false);
    expect(store.reads).toBe(0);
  });

  test("a secret that aged meanwhile is compared all the same", async () => {
    const { clock, store, secret } = startSecret();
    const call = {};
    await secret.use(call);
    clock.advance(300);
    expect(await secret.renew(call)).toBe(false);
    clock.advance(30);
    store.text = "second";
    expect(await secret.renew(call)).toBe(true);
  });

  test("a defect is not taken for a secret that is the same", async () => {
    let reads = 0;
    const secret = new Secret(async () => {
      reads += 1;
      if (reads > 1) throw new TypeError("a defect");
      return { value: "first", maxAgeSeconds: 300 };
    }, new ManualClock());
    const call = {};
    await secret.use(call);
    await expect(secret.renew(call)).rejects.toThrow(TypeError);
  });
});
