import { createLru } from "../lru.ts";
import type { BearerToken } from "./bearer-token.ts";
import type { TokenHeader } from "./unverified-token.ts";

/** A header for each key of the issuers that are kept, and as many again for keys that come and go. */
const CAPACITY = 2048;

/** Headers of verified tokens by their text. All tokens of one key have the same one, so there are as many as keys. */
export class KnownHeaders {
  readonly #headers = createLru<string, TokenHeader>(CAPACITY);

  /** What the token's header says, if a verified token had it. */
  of(bearer: BearerToken): TokenHeader | undefined {
    return this.#headers.get(headerText(bearer));
  }

  remember(bearer: BearerToken, { algorithm, keyId }: TokenHeader): void {
    // A copy: a slice would keep the whole token in memory.
    this.#headers.set(Buffer.from(headerText(bearer)).toString(), { algorithm, keyId });
  }
}

function headerText(bearer: BearerToken): string {
  const text = bearer.reveal();
  return text.slice(0, text.indexOf("."));
}
