import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";
import { describe, expect, test } from "vitest";
import { FetchFailure, type Network } from "../../lib/issuer/fetch-json.ts";
import { pinnedLookup, type Resolve, resolvePermitted } from "../../lib/net/pinned-lookup.ts";
import { readTarget } from "../../lib/net/target.ts";

const named = (...addresses: string[]): LookupAddress[] =>
  addresses.map((address) => ({ address, family: isIP(address) }));

async function outcome(
  text: string,
  resolve: Resolve,
  rule: { network?: Network; allowLoopbackHttp?: boolean } = {},
): Promise<readonly string[] | string> {
  const target = readTarget(text, { network: "public", allowLoopbackHttp: false, ...rule });
  try {
    return (await resolvePermitted(target, resolve)).map(({ address }) => address);
  } catch (error) {
    if (error instanceof FetchFailure) return error.reason;
    throw error;
  }
}

const neverAsked: Resolve = () => expect.unreachable("an IP address needs no resolver");

describe("a host name is judged by all its addresses (S35)", () => {
  test.for([
    { addresses: ["8.8.8.8"], network: "public", permitted: true },
    { addresses: ["8.8.8.8", "2600:1f00::1"], network: "public", permitted: true },
    { addresses: ["64:ff9b::8.8.8.8", "8.8.8.8"], network: "public", permitted: true },
    { addresses: ["10.0.0.1"], network: "public", permitted: false },
    { addresses: ["10.0.0.1"], network: "private", permitted: true },
    { addresses: ["8.8.8.8", "10.0.0.1"], network: "public", permitted: false },
    { addresses: ["10.0.0.1", "8.8.8.8"], network: "public", permitted: false },
    { addresses: ["8.8.8.8", "10.0.0.1"], network: "private", permitted: true },
    { addresses: ["fd12::1"], network: "private", permitted: true },
    { addresses: ["10.0.0.1", "127.0.0.1"], network: "private", permitted: false },
    { addresses: ["10.0.0.1", "169.254.169.254"], network: "private", permitted: false },
    { addresses: ["fd12::1", "fd00:ec2::254"], network: "private", permitted: false },
    { addresses: ["8.8.8.8", "not an address"], network: "private", permitted: false },
  ] as const)("$addresses on the $network network: permitted $permitted", async ({ addresses, network, permitted }) => {
    const found = await outcome("https://issuer.example.com/", async () => named(...addresses), { network });
    expect(found).toEqual(permitted ? addresses : "address-refused");
  });

  test.for([
    { text: "https://8.8.8.8/", reached: ["8.8.8.8"] },
    { text: "https://134744072/", reached: ["8.8.8.8"] },
    { text: "https://[2600:1f00::1]/", reached: ["2600:1f00::1"] },
    { text: "https://127.0.0.1/", reached: "address-refused" },
    { text: "https://0x7f.1/", reached: "address-refused" },
    { text: "https://2130706433/", reached: "address-refused" },
    { text: "https://[::ffff:127.0.0.1]/", reached: "address-refused" },
    { text: "https://[::1]/", reached: "address-refused" },
    { text: "https://0/", reached: "address-refused" },
    { text: "https://169.254.169.254/latest/meta-data/", reached: "address-refused" },
    { text: "https://2852039166/latest/meta-data/", reached: "address-refused" },
    { text: "https://[fd00:ec2::254]/", reached: "address-refused" },
  ])("the literal of $text reaches $reached, and nobody is asked", async ({ text, reached }) => {
    expect(await outcome(text, neverAsked)).toEqual(reached);
  });

  test.for([
    { addresses: ["127.0.0.1"], reached: ["127.0.0.1"] },
    { addresses: ["::1", "127.0.0.1"], reached: ["::1", "127.0.0.1"] },
    { addresses: ["127.0.0.1", "10.0.0.1"], reached: "address-refused" },
    { addresses: ["8.8.8.8"], reached: "address-refused" },
  ])("plain http to a localhost of $addresses reaches $reached", async ({ addresses, reached }) => {
    const found = await outcome("http://localhost/", async () => named(...addresses), {
      network: "private",
      allowLoopbackHttp: true,
    });
    expect(found).toEqual(reached);
  });

  test.for([
    { answer: "no addresses", resolve: async () => [] },
    { answer: "an error", resolve: () => Promise.reject(Object.assign(new Error("x"), { code: "EAI_AGAIN" })) },
    { answer: "something that is no error", resolve: () => Promise.reject("x") },
  ])("a resolver that gives $answer: name-not-resolved", async ({ resolve }) => {
    expect(await outcome("https://issuer.example.com/", resolve)).toBe("name-not-resolved");
  });
});

describe("the pinned lookup", () => {
  const addresses = named("8.8.8.8", "2600:1f00::1");

  test.for([
    { asked: "all addresses", options: { all: true }, answer: [null, addresses] },
    { asked: "one address", options: {}, answer: [null, "8.8.8.8", 4] },
  ])(
    "hands over what was checked when asked for $asked, for any name and as often as it is asked",
    ({ options, answer }) => {
      const lookup = pinnedLookup(addresses);
      for (const host of ["issuer.example.com", "localhost", "127.0.0.1"]) {
        const answers: unknown[] = [];
        lookup(host, options, (...given) => answers.push(given));
        expect(answers).toEqual([answer]);
      }
    },
  );
});
