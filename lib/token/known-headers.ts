import { ownCopy } from "../json.ts";
import { createLru } from "../lru.ts";
import type { BearerToken } from "./bearer-token.ts";
import type { TokenHeader } from "./unverified-token.ts";

/** A header for each key of the issuers that are kept, and as many again for keys that come and go. */
const CAPACITY = 2048;

interface Known {
  readonly text: string;
  readonly header: TokenHeader;
}

/** Headers of verified tokens by their text. All tokens of one key have the same one, so there are as many as keys. */
export class KnownHeaders {
  readonly #headers = createLru<string, Known>(CAPACITY);
  /** Found last: most functions are called from one cluster, and to compare is quicker than to look up. */
  #last: Known | undefined;

  /** What the token's header says, if a verified token had it. */
  of(bearer: BearerToken): TokenHeader | undefined {
    const text = headerText(bearer);
    if (this.#last?.text !== text) this.#last = this.#headers.get(text);
    return this.#last?.header;
  }

  remember(bearer: BearerToken, { algorithm, keyId }: TokenHeader): void {
    // A slice would keep the whole token in memory.
    const text = ownCopy(headerText(bearer));
    this.#headers.set(text, { text, header: { algorithm, keyId } });
  }
}

function headerText(bearer: BearerToken): string {
  const text = bearer.reveal();
  return text.slice(0, text.indexOf("."));
}
