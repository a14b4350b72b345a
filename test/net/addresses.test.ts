import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AddressKind, addressKind, permits, type Reach } from "../../lib/net/addresses.ts";

/** The first and the last address of a range, and the address on each side of it. */
interface RangeRow {
  readonly range: string;
  readonly kind: AddressKind;
  readonly inside: readonly [first: string, last: string];
  readonly outside: readonly (readonly [address: string, kind: AddressKind])[];
}

const RANGES: readonly RangeRow[] = [
  { range: "0.0.0.0/8", kind: "special", inside: ["0.0.0.0", "0.255.255.255"], outside: [["1.0.0.0", "global"]] },
  {
    range: "10.0.0.0/8",
    kind: "private",
    inside: ["10.0.0.0", "10.255.255.255"],
    outside: [
      ["9.255.255.255", "global"],
      ["11.0.0.0", "global"],
    ],
  },
  {
    range: "100.64.0.0/10 (CGNAT)",
    kind: "private",
    inside: ["100.64.0.0", "100.127.255.255"],
    outside: [
      ["100.63.255.255", "global"],
      ["100.128.0.0", "global"],
    ],
  },
  {
    range: "127.0.0.0/8",
    kind: "loopback",
    inside: ["127.0.0.0", "127.255.255.255"],
    outside: [
      ["126.255.255.255", "global"],
      ["128.0.0.0", "global"],
    ],
  },
  {
    range: "169.254.0.0/16 (link-local, metadata)",
    kind: "special",
    inside: ["169.254.0.0", "169.254.255.255"],
    outside: [
      ["169.253.255.255", "global"],
      ["169.255.0.0", "global"],
    ],
  },
  {
    range: "172.16.0.0/12",
    kind: "private",
    inside: ["172.16.0.0", "172.31.255.255"],
    outside: [
      ["172.15.255.255", "global"],
      ["172.32.0.0", "global"],
    ],
  },
  {
    range: "192.0.0.0/24",
    kind: "special",
    inside: ["192.0.0.0", "192.0.0.255"],
    outside: [
      ["191.255.255.255", "global"],
      ["192.0.1.0", "global"],
    ],
  },
  {
    range: "192.0.2.0/24",
    kind: "special",
    inside: ["192.0.2.0", "192.0.2.255"],
    outside: [
      ["192.0.1.255", "global"],
      ["192.0.3.0", "global"],
    ],
  },
  {
    range: "192.88.99.0/24",
    kind: "special",
    inside: ["192.88.99.0", "192.88.99.255"],
    outside: [
      ["192.88.98.255", "global"],
      ["192.88.100.0", "global"],
    ],
  },
  {
    range: "192.168.0.0/16",
    kind: "private",
    inside: ["192.168.0.0", "192.168.255.255"],
    outside: [
      ["192.167.255.255", "global"],
      ["192.169.0.0", "global"],
    ],
  },
  {
    range: "198.18.0.0/15",
    kind: "special",
    inside: ["198.18.0.0", "198.19.255.255"],
    outside: [
      ["198.17.255.255", "global"],
      ["198.20.0.0", "global"],
    ],
  },
  {
    range: "198.51.100.0/24",
    kind: "special",
    inside: ["198.51.100.0", "198.51.100.255"],
    outside: [
      ["198.51.99.255", "global"],
      ["198.51.101.0", "global"],
    ],
  },
  {
    range: "203.0.113.0/24",
    kind: "special",
    inside: ["203.0.113.0", "203.0.113.255"],
    outside: [
      ["203.0.112.255", "global"],
      ["203.0.114.0", "global"],
    ],
  },
  {
    range: "224.0.0.0/4 and 240.0.0.0/4",
    kind: "special",
    inside: ["224.0.0.0", "255.255.255.255"],
    outside: [["223.255.255.255", "global"]],
  },
  {
    range: "fc00::/7",
    kind: "private",
    inside: ["fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    outside: [
      ["fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "special"],
      ["fe00::", "special"],
    ],
  },
  {
    range: "fd00:ec2::/32 (metadata)",
    kind: "special",
    inside: ["fd00:ec2::", "fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff"],
    outside: [
      ["fd00:ec1:ffff:ffff:ffff:ffff:ffff:ffff", "private"],
      ["fd00:ec3::", "private"],
    ],
  },
  {
    range: "2001::/23 (Teredo among others)",
    kind: "special",
    inside: ["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"],
    outside: [
      ["2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "global"],
      ["2001:200::", "global"],
    ],
  },
  {
    range: "2001:db8::/32",
    kind: "special",
    inside: ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
    outside: [
      ["2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "global"],
      ["2001:db9::", "global"],
    ],
  },
  {
    range: "2002::/16 (6to4)",
    kind: "special",
    inside: ["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    outside: [
      ["2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "global"],
      ["2003::", "global"],
    ],
  },
  {
    range: "3fff::/20",
    kind: "special",
    inside: ["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"],
    outside: [
      ["3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "global"],
      ["3fff:1000::", "global"],
    ],
  },
  {
    range: "2000::/3",
    kind: "global",
    inside: ["2000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    outside: [
      ["1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "special"],
      ["4000::", "special"],
    ],
  },
  {
    range: "::1",
    kind: "loopback",
    inside: ["::1", "0:0:0:0:0:0:0:1"],
    outside: [
      ["::", "special"],
      ["::2", "special"],
    ],
  },
];

describe("the kind of an address (IANA special-purpose registries)", () => {
  test.for(RANGES)(
    "$range is $kind from its first address to its last, and no further",
    ({ kind, inside, outside }) => {
      expect(inside.map(addressKind)).toEqual([kind, kind]);
      expect(outside.map(([address]) => [address, addressKind(address)])).toEqual(outside);
    },
  );

  test.for([
    { address: "169.254.169.254", what: "instance metadata" },
    { address: "169.254.170.2", what: "credentials of ECS" },
    { address: "169.254.170.23", what: "credentials of EKS Pod Identity" },
    { address: "fd00:ec2::254", what: "instance metadata over IPv6" },
    { address: "fd00:ec2::23", what: "credentials of EKS Pod Identity over IPv6" },
    { address: "FD00:0EC2:0:0:0:0:0:0254", what: "instance metadata, spelled out" },
    { address: "255.255.255.255", what: "broadcast" },
    { address: "fe80::1", what: "link-local" },
    { address: "fe80::1%lo", what: "an address with a zone" },
    { address: "2600::1%lo", what: "a global address with a zone" },
    { address: "::1%lo", what: "loopback with a zone" },
    { address: "fec0::1", what: "site-local" },
    { address: "ff02::1", what: "multicast" },
    { address: "::ffff:127.0.0.1", what: "IPv4-mapped loopback" },
    { address: "::ffff:7f00:1", what: "IPv4-mapped loopback in hexadecimal" },
    { address: "::ffff:8.8.8.8", what: "IPv4-mapped global" },
    { address: "::127.0.0.1", what: "IPv4-compatible loopback" },
    { address: "::8.8.8.8", what: "IPv4-compatible global" },
    { address: "2002:7f00:1::", what: "loopback in 6to4" },
    { address: "2001:0:4136:e378:8000:63bf:80ff:fffe", what: "loopback in Teredo" },
    { address: "64:ff9b:1::8.8.8.8", what: "local NAT64" },
    { address: "100::1", what: "the discard prefix" },
    { address: "5f00::1", what: "a segment identifier" },
    { address: "", what: "nothing" },
    { address: "localhost", what: "a name" },
    { address: "127.1", what: "a short form" },
    { address: "0x7f000001", what: "a hexadecimal number" },
    { address: "[::1]", what: "an address in brackets" },
  ])("$address ($what) is special: no connection leads there", ({ address }) => {
    expect(addressKind(address)).toBe("special");
  });

  const ipv4 = fc.ipV4();

  test("behind NAT64 (64:ff9b::/96) are global IPv4 addresses and no others (RFC 6052 §3.1)", () => {
    expect(addressKind("64:ff9b::8.8.8.8")).toBe("global");
    expect(addressKind("64:ff9b::a9fe:a9fe")).toBe("special");
    expect(addressKind("64:ff9b::10.0.0.1")).toBe("special");
    fc.assert(
      fc.property(ipv4, (address) => {
        expect(addressKind(`64:ff9b::${address}`)).toBe(addressKind(address) === "global" ? "global" : "special");
      }),
    );
  });

  test("an IPv4 address written as an IPv6 one is special, whatever it is", () => {
    fc.assert(
      fc.property(ipv4, fc.constantFrom("::ffff:", "::", "::ffff:0:"), (address, prefix) => {
        fc.pre(!(prefix === "::" && address === "0.0.0.1"));
        expect(addressKind(prefix + address)).toBe("special");
      }),
    );
  });
});

describe("what a connection may lead to", () => {
  const rows: readonly (Reach & { readonly kinds: readonly AddressKind[] })[] = [
    { network: "public", loopback: "refused", kinds: ["global"] },
    { network: "public", loopback: "permitted", kinds: ["global", "loopback"] },
    { network: "public", loopback: "required", kinds: ["loopback"] },
    { network: "private", loopback: "refused", kinds: ["global", "private"] },
    { network: "private", loopback: "permitted", kinds: ["global", "private", "loopback"] },
    { network: "private", loopback: "required", kinds: ["loopback"] },
  ];
  test.for(rows)("network $network with loopback $loopback: $kinds", ({ kinds, ...reach }) => {
    const all: readonly AddressKind[] = ["global", "private", "loopback", "special"];
    expect(all.filter((kind) => permits(reach, kind))).toEqual(kinds);
  });
});
