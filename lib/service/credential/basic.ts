import type { BasicCredential } from "../credential-document.ts";
import type { Credential } from "./credential.ts";
import { withHeader } from "./header.ts";
import type { Secret } from "./secret.ts";

/** User name and password (RFC 7617), in UTF-8 as its §2.1 recommends. */
export function basicCredential({ username }: BasicCredential, secret: Secret): Credential {
  return {
    ownHeaders: ["authorization"],
    apply: async (request, caller) =>
      withHeader(request, "authorization", basicAuthorization(username, await secret.use(caller))),
    renew: (caller) => secret.renew(caller),
  };
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
