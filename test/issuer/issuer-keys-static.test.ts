import { describe, expect, test } from "vitest";
import { k1, k2, setUp } from "./issuer-keys-setup.ts";
import { codeOf, issuerWith, recordOf, START, storedWith } from "./support.ts";

describe("static keys", () => {
  const issuer = issuerWith({ keys: "static" });

  test("serve whatever their age, and nothing is ever fetched", async () => {
    const record = recordOf(issuer, storedWith([k1], { source: "static", fetchedAt: 0 }));
    const { has, publisher, clock } = setUp(record);

    expect(await has("k1")).toBe(true);
    expect(await has("unknown")).toBe(false);
    clock.advance(100_000);
    expect(await has("k1")).toBe(true);
    expect(await has("unknown")).toBe(false);
    expect(publisher.asked).toHaveLength(0);
  });

  test("an unknown kid re-reads the store", async () => {
    const setup = setUp(recordOf(issuer, storedWith([k1], { source: "static" })));
    setup.store = recordOf(issuer, storedWith([k1, k2], { source: "static" }));

    expect(await setup.has("k2")).toBe(true);
    expect(setup.publisher.asked).toHaveLength(0);
  });

  test("that were taken away by the time an unknown kid asks are no keys", async () => {
    const setup = setUp(recordOf(issuer, storedWith([k1], { source: "static" })));
    setup.store = recordOf(issuer);

    expect(await setup.has("k2")).toBe(false);
  });

  test.for([
    { what: "none stored", keySet: undefined },
    { what: "a set that was fetched", keySet: storedWith([k1]) },
    { what: "a set of another issuer", keySet: storedWith([k1], { source: "static", issuer: "https://o.example" }) },
    { what: "a set from the future", keySet: storedWith([k1], { source: "static", fetchedAt: START + 61 }) },
  ])("$what: no decision, and the issuer is not asked", async ({ keySet }) => {
    const { keys, publisher } = setUp();

    expect(await codeOf(keys.find(recordOf(issuer, keySet), "k1"))).toBe("KEY_SET_MISSING");
    expect(publisher.asked).toHaveLength(0);
  });

  test("keys that were fetched before an issuer became static do not serve it", async () => {
    const { keys, has } = setUp();
    await has("k1");

    expect(await codeOf(keys.find(recordOf(issuer), "k1"))).toBe("KEY_SET_MISSING");
  });
});
