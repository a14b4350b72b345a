import { describe, expect, test } from "vitest";
import { bodyOf, IAT, parts, type Started, startDev } from "./support.ts";

async function issuedAt(dev: Started): Promise<number | undefined> {
  const { status } = await bodyOf(await dev.requestToken({}));
  return parts(status.token).claims.iat;
}

describe("the clock of a cluster", () => {
  test("goes on from the time of the start, an offset away, or stands still; then is the start's again", async () => {
    await using dev = await startDev();
    expect(await bodyOf(await dev.call("GET", "/_clock"))).toEqual({ now: IAT });
    expect(await issuedAt(dev)).toBe(IAT);

    const moved = await dev.call("PUT", "/_clock", { offsetSeconds: -7200 });
    expect(moved.status).toBe(200);
    expect(await bodyOf(moved)).toEqual({ now: IAT - 7200, offsetSeconds: -7200 });
    expect(await issuedAt(dev)).toBe(IAT - 7200);

    expect(await bodyOf(await dev.call("PUT", "/_clock", { time: 4_102_444_800 }))).toEqual({
      now: 4_102_444_800,
      time: 4_102_444_800,
    });
    const { status } = await bodyOf(await dev.requestToken({}));
    expect(parts(status.token).claims).toMatchObject({ iat: 4_102_444_800, nbf: 4_102_444_800, exp: 4_102_448_400 });
    expect(status).toMatchObject({ expirationTimestamp: "2100-01-01T01:00:00Z" });

    expect(await bodyOf(await dev.call("DELETE", "/_clock"))).toEqual({ now: IAT });
    expect(await issuedAt(dev)).toBe(IAT);
  });

  test("is set in-process too, for tokens of every kind", async () => {
    await using dev = await startDev();
    const account = { namespace: "payments", serviceAccount: "checkout" };
    dev.cluster.setClock({ time: 1000 });
    const minted = await dev.cluster.mint(account);
    const forged = await dev.cluster.forge({ ...account, family: "expired" });

    expect(parts(minted.token).claims.iat).toBe(1000);
    expect(forged.claims["iat"]).toBe(1000 - 7200);

    dev.cluster.setClock();
    expect(await issuedAt(dev)).toBe(IAT);
    expect(() => dev.cluster.setClock({ time: -1 })).toThrow("time: is not a whole number");
  });

  test.for([
    { body: {}, problem: "the body: is neither" },
    { body: { time: 1, offsetSeconds: 1 }, problem: "the body: is neither" },
    { body: { time: "2026-01-01T00:00:00Z" }, problem: 'the body: is neither {"time": whole epoch seconds}' },
    { body: { time: 253_402_300_800 }, problem: "time: is not a whole number" },
    { body: { offsetSeconds: 0.5 }, problem: "offsetSeconds: is not a whole number" },
    { body: { tiem: 1 }, problem: "the body: is neither" },
  ])("$body is a 400 that says what is wrong, and changes nothing", async ({ body, problem }) => {
    await using dev = await startDev();
    const response = await dev.call("PUT", "/_clock", body);

    expect(response.status).toBe(400);
    expect((await bodyOf(response)).message).toContain(problem);
    expect(await issuedAt(dev)).toBe(IAT);
  });
});
