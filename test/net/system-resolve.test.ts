import { lookup } from "node:dns/promises";
import { describe, expect, test } from "vitest";
import { addressKind } from "../../lib/net/addresses.ts";
import { createResolve, systemResolve } from "../../lib/net/system-resolve.ts";
import { type DnsAnswer, startDnsServer } from "./dns-server.ts";

const IPV6 = "2600:1f00:0:0:0:0:0:1";

async function resolved(name: string, answer: DnsAnswer): Promise<readonly string[] | string> {
  await using server = await startDnsServer(() => answer);
  return await createResolve([server.address])(name).then(
    (found) => found.map(({ address, family }) => `${address} ${family}`),
    (error: NodeJS.ErrnoException) => error.code ?? "",
  );
}

describe("a name is resolved", () => {
  test.for<{ answer: DnsAnswer; found: readonly string[] | string }>([
    { answer: { 4: "8.8.8.8" }, found: ["8.8.8.8 4"] },
    { answer: { 6: IPV6 }, found: ["2600:1f00::1 6"] },
    { answer: { 4: "8.8.8.8", 6: IPV6 }, found: ["8.8.8.8 4", "2600:1f00::1 6"] },
    { answer: "failure", found: "ESERVFAIL" },
    { answer: "silence", found: "ETIMEOUT" },
  ])("to $found where DNS says $answer", async ({ answer, found }) => {
    expect(await resolved("issuer.example", answer)).toEqual(found);
  });

  // This one the system knows without asking anybody, as it knows those of /etc/hosts.
  test.for<DnsAnswer>(["no such name", {}])("by the system where DNS says %s", async (answer) => {
    expect(await resolved("127.1", answer)).toEqual(["127.0.0.1 4"]);
  });

  test("by the system where there is no DNS server", async () => {
    const server = await startDnsServer(() => "silence");
    await server[Symbol.asyncDispose]();
    expect(await createResolve([server.address])("127.1")).toEqual([{ address: "127.0.0.1", family: 4 }]);
  });

  test("by the system where it is a single word: localhost needs no DNS", async () => {
    const found = await systemResolve("localhost");
    expect(new Set(found.map(({ address }) => addressKind(address)))).toEqual(new Set(["loopback"]));
  });
});

test("names whose DNS is dead keep no other name waiting, nor a look-up of the SDK or of Node's own agents", async () => {
  await using server = await startDnsServer((name) => (name.startsWith("dead") ? "silence" : { 4: "8.8.8.8" }));
  const resolve = createResolve([server.address]);
  const ended: string[] = [];
  const note = (what: string) => () => void ended.push(what);
  const dead = Array.from({ length: 20 }, (_, index) => resolve(`dead-${index}.example`).catch(note("dead")));
  await expect.poll(() => server.asked.length).toBeGreaterThanOrEqual(40);
  await Promise.all([resolve("good.example").then(note("good")), lookup("localhost").then(note("localhost"))]);
  expect(ended.toSorted()).toEqual(["good", "localhost"]);
  await Promise.all(dead);
});
