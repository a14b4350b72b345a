import { BlockList, type IPVersion, isIP } from "node:net";
import type { Network } from "../issuer/fetch-json.ts";

/** What an address is for. `special` is everything that no connection of podgate may lead to. */
export type AddressKind = "global" | "private" | "loopback" | "special";

/** Which addresses one connection may lead to. */
export interface Reach {
  readonly network: Network;
  /** `required`: nothing but loopback, which is what plain http needs. */
  readonly loopback: "refused" | "permitted" | "required";
}

type Subnet = readonly [prefix: string, bits: number];

/** Private use (RFC 1918) and shared address space of carrier-grade NAT (RFC 6598), which VPCs use too. */
const PRIVATE_IPV4: readonly Subnet[] = [
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
];

const LOOPBACK_IPV4: readonly Subnet[] = [["127.0.0.0", 8]];

/**
 * What the IANA IPv4 Special-Purpose Address Registry lists as not globally reachable and is neither private nor
 * loopback, and multicast (https://www.iana.org/assignments/iana-ipv4-special-registry).
 */
const SPECIAL_IPV4: readonly Subnet[] = [
  ["0.0.0.0", 8], // "this network": Linux connects to itself (RFC 791)
  // Link-local (RFC 3927): instance metadata .169.254, credentials of ECS .170.2 and of EKS Pod Identity .170.23
  ["169.254.0.0", 16],
  ["192.0.0.0", 24], // IETF protocol assignments (RFC 6890)
  ["192.0.2.0", 24], // documentation (RFC 5737)
  ["192.88.99.0", 24], // relays of 6to4, withdrawn (RFC 7526)
  ["198.18.0.0", 15], // benchmarks (RFC 2544)
  ["198.51.100.0", 24], // documentation (RFC 5737)
  ["203.0.113.0", 24], // documentation (RFC 5737)
  ["224.0.0.0", 4], // multicast (RFC 5771)
  ["240.0.0.0", 4], // reserved, and limited broadcast (RFC 1112 §4, RFC 919)
];

const LOOPBACK_IPV6: readonly Subnet[] = [["::1", 128]];

/** Unique local addresses (RFC 4193), less what AWS keeps inside them. */
const PRIVATE_IPV6: readonly Subnet[] = [["fc00::", 7]];

/** fd00:ec2::254 is instance metadata and fd00:ec2::23 the credentials of EKS Pod Identity (EC2 and EKS user guides). */
const METADATA_IPV6: readonly Subnet[] = [["fd00:ec2::", 32]];

/**
 * IANA assigns global unicast from here only (https://www.iana.org/assignments/ipv6-address-space). Everything else
 * is special without being listed: link-local, site-local, multicast, IPv4-mapped and IPv4-compatible, local NAT64.
 */
const GLOBAL_IPV6: readonly Subnet[] = [["2000::", 3]];

/** IANA IPv6 Special-Purpose Address Registry, inside 2000::/3. */
const SPECIAL_IPV6: readonly Subnet[] = [
  ["2001::", 23], // IETF protocol assignments (RFC 2928), Teredo among them: its addresses hold an IPv4 address
  ["2001:db8::", 32], // documentation (RFC 3849)
  ["2002::", 16], // 6to4: the address holds an IPv4 address (RFC 3056)
  ["3fff::", 20], // documentation (RFC 9637)
];

/**
 * NAT64 (RFC 6052 §2.1): what a subnet with DNS64 answers for a public host without IPv6. The last 32 bits are an
 * IPv4 address, which must be a global one (§3.1).
 */
const NAT64: readonly Subnet[] = [["64:ff9b::", 96]];
const NOT_BEHIND_NAT64: readonly Subnet[] = [...PRIVATE_IPV4, ...LOOPBACK_IPV4, ...SPECIAL_IPV4].map(
  ([prefix, bits]) => [`64:ff9b::${prefix}`, 96 + bits],
);

function listOf(version: IPVersion, subnets: readonly Subnet[]): (address: string) => boolean {
  const list = new BlockList();
  for (const [prefix, bits] of subnets) list.addSubnet(prefix, bits, version);
  return (address) => list.check(address, version);
}

// A list holds one version only: in a BlockList a rule for ::ffff:0:0/96 matches every IPv4 address, and the reverse.
const ipv4 = {
  isLoopback: listOf("ipv4", LOOPBACK_IPV4),
  isPrivate: listOf("ipv4", PRIVATE_IPV4),
  isSpecial: listOf("ipv4", SPECIAL_IPV4),
};
const ipv6 = {
  isLoopback: listOf("ipv6", LOOPBACK_IPV6),
  isPrivate: listOf("ipv6", PRIVATE_IPV6),
  isGlobal: listOf("ipv6", [...GLOBAL_IPV6, ...NAT64]),
  isSpecial: listOf("ipv6", [...METADATA_IPV6, ...SPECIAL_IPV6, ...NOT_BEHIND_NAT64]),
};

/** @param address - as a resolver or `URL` writes it, without brackets; what is no IP address is `special` */
export function addressKind(address: string): AddressKind {
  const version = isIP(address);
  if (version === 4) {
    if (ipv4.isSpecial(address)) return "special";
    if (ipv4.isLoopback(address)) return "loopback";
    return ipv4.isPrivate(address) ? "private" : "global";
  }
  // A zone ("fe80::1%eth0") is valid for isIP, but BlockList finds no rule for an address with one.
  if (version === 0 || address.includes("%") || ipv6.isSpecial(address)) return "special";
  if (ipv6.isLoopback(address)) return "loopback";
  if (ipv6.isPrivate(address)) return "private";
  return ipv6.isGlobal(address) ? "global" : "special";
}

/** Whether a connection of this reach may lead to an address of this kind. */
export function permits(reach: Reach, kind: AddressKind): boolean {
  if (kind === "loopback") return reach.loopback !== "refused";
  if (reach.loopback === "required") return false;
  return kind === "global" || (kind === "private" && reach.network === "private");
}
