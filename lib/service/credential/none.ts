import type { Credential } from "./credential.ts";

/** For a service that asks nobody who is calling, or that knows by the network. */
export function noCredential(): Credential {
  return {
    ownHeaders: [],
    apply: async (request) => request,
    renew: async () => false,
  };
}
