import type { HeaderCredential } from "../credential-document.ts";
import { spelling } from "../forwarded-headers.ts";
import type { OutgoingRequest } from "../outgoing.ts";
import type { Credential } from "./credential.ts";
import type { Secret } from "./secret.ts";

/** An API key or a token of the operator's, in the header that the service wants. */
export function headerCredential({ name, value }: HeaderCredential, secret: Secret): Credential {
  return {
    ownHeaders: [name.toLowerCase()],
    async apply(request, caller) {
      const text = await secret.use(caller);
      // A function: in a replacement text `$&` would mean what was found.
      return withHeader(
        request,
        name,
        value.replaceAll("{secret}", () => text),
      );
    },
    renew: (caller) => secret.renew(caller),
  };
}

/** Visible ASCII, space and tab: what else a header may hold, no two servers read alike (RFC 9110 §5.5). */
export function findHeaderFault(text: string): string | undefined {
  return /^[\t -~]*$/.test(text) ? undefined : "holds a character that a header cannot carry; only ASCII can be sent";
}

/** The request with this header once, whatever it had in any spelling of the name. */
export function withHeader(request: OutgoingRequest, name: string, value: string): OutgoingRequest {
  const own = spelling(name);
  const others = request.headers.filter(([other]) => spelling(other) !== own);
  return { ...request, headers: [...others, [name.toLowerCase(), value]] };
}
