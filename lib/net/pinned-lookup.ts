import type { LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { FetchFailure } from "../issuer/fetch-json.ts";
import { addressKind, permits } from "./addresses.ts";
import { codeOf } from "./failure.ts";
import type { Target } from "./target.ts";

/** Every address of a host name. Rejects where there is none. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/**
 * The addresses to which a connection for this target may lead: all that the name has, each of them permitted.
 * One that is not refuses the whole set, because a name with a public and a private address is what DNS rebinding
 * looks like.
 *
 * Rejects with `FetchFailure`: `name-not-resolved` or `address-refused`.
 */
export async function resolvePermitted(target: Target, resolve: Resolve): Promise<readonly LookupAddress[]> {
  const addresses = isIP(target.host) === 0 ? await resolveName(target, resolve) : [pinned(target.host)];
  for (const { address } of addresses) {
    const kind = addressKind(address);
    if (permits(target.reach, kind)) continue;
    const hint =
      kind === "private" && target.reach.loopback !== "required" ? ': its document must say "network": "private"' : "";
    throw new FetchFailure("address-refused", `${target.label}: a ${kind} address is refused${hint}`);
  }
  return addresses;
}

/** A `lookup` that asks nobody: the connection goes to the addresses that were checked, whatever DNS says by now. */
export function pinnedLookup(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses;
    if (options.all || first === undefined) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

async function resolveName(target: Target, resolve: Resolve): Promise<readonly LookupAddress[]> {
  let found: readonly LookupAddress[];
  try {
    found = await resolve(target.host);
  } catch (error) {
    throw new FetchFailure("name-not-resolved", `${target.label}: the name has no address (${codeOf(error)})`, {
      cause: error,
    });
  }
  if (found.length === 0) throw new FetchFailure("name-not-resolved", `${target.label}: the name has no address`);
  return found.map(({ address }) => pinned(address));
}

function pinned(address: string): LookupAddress {
  return { address, family: isIP(address) };
}
