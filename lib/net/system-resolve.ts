import type { LookupAddress } from "node:dns";
import { lookup, Resolver } from "node:dns/promises";
import type { Resolve } from "./pinned-lookup.ts";

/**
 * A server that is there answers in a few milliseconds, or in the second pass if a packet was lost. Both take 0.6 to 0.9 s in all
 * (c-ares adds by chance), and a connection has a second (lib/net/budget): so it is the name that is told.
 */
const SERVER_MS = 150;
const PASSES = 2;

/** No such name, none of this family, or no server at all: what `/etc/hosts` and the system's other ways may still know. */
const NOT_IN_DNS = ["ENOTFOUND", "ENODATA", "ECONNREFUSED"];

/**
 * The addresses of a name by DNS, else by what the system knows besides (`getaddrinfo`).
 *
 * Not by `getaddrinfo` first: it takes a thread of the process for as long as nobody answers, mostly 10 s and
 * whatever the caller's patience, and two of them at a time (libuv, half of four). Two issuers whose DNS is dead would keep every other
 * name from being looked up, that of SSM among them.
 *
 * @param servers - `address:port` of DNS servers. @default those of the system
 */
export function createResolve(servers?: readonly string[]): Resolve {
  return async (host) => {
    // One word is no name of the DNS but `localhost`, a container, or for the system's search list.
    if (!host.includes(".")) return lookup(host, { all: true });
    // One for each name: it reads the system's servers as they are now.
    const resolver = new Resolver({ timeout: SERVER_MS, tries: PASSES });
    if (servers !== undefined) resolver.setServers(servers);
    const [ipv4, ipv6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const found = [...addressesOf(ipv4, 4), ...addressesOf(ipv6, 6)];
    if (found.length > 0) return found;
    // The one that says more: a server that does not answer is no proof that there is no such name.
    const failure = [ipv4, ipv6].map(reasonOf).find((reason) => !isNotInDns(reason));
    if (failure !== undefined) throw failure;
    return lookup(host, { all: true });
  };
}

export const systemResolve: Resolve = createResolve();

function addressesOf(answer: PromiseSettledResult<readonly string[]>, family: 4 | 6): LookupAddress[] {
  return answer.status === "fulfilled" ? answer.value.map((address) => ({ address, family })) : [];
}

function reasonOf(answer: PromiseSettledResult<unknown>): unknown {
  return answer.status === "rejected" ? answer.reason : undefined;
}

function isNotInDns(reason: unknown): boolean {
  return reason === undefined || NOT_IN_DNS.includes((reason as NodeJS.ErrnoException).code ?? "");
}
