import { generateKeyPairSync } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Provider } from "oidc-provider";
import { DEMO_USER } from "./secrets.ts";

/** Where it is in the sample service. */
export const TOKEN_SERVER_PATH = "/_oauth2";

/** The one scope that the client may ask for, and one that it may not. */
const CLIENT_SCOPE = "reports.read";
const OTHER_SCOPE = "reports.write";

export interface TokenServer {
  /** Answers a request below `TOKEN_SERVER_PATH`, whose body nobody has read. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Whether this access token was made here, is not expired and not revoked. */
  accepts(token: string): Promise<boolean>;
  revokeAll(): void;
}

/**
 * An OAuth2 authorization server with one client, which has a secret and may use `client_credentials` (RFC 6749 §4.4),
 * authenticated by Basic (§2.3.1). It is loaded by the first request: that takes half a second, which no start should.
 *
 * @param issuer - its URL, `TOKEN_SERVER_PATH` included
 * @param secret - the client's secret as it is at the moment
 * @param clock - epoch seconds, by which a token expires
 */
export function createTokenServer(
  issuer: string,
  secret: () => string,
  tokenSeconds: number,
  clock: () => number,
): TokenServer {
  const issued = new IssuedTokens(clock, tokenSeconds);
  let made: { readonly secret: string; readonly provider: Promise<Provider> } | undefined;
  const current = () => {
    // The library fixes its clients when it is made. The tokens are kept apart and stay.
    if (made?.secret !== secret()) {
      made = { secret: secret(), provider: createProvider(issuer, secret(), tokenSeconds, issued) };
    }
    return made.provider;
  };
  return {
    async serve(request, response) {
      const provider = await current();
      // As a framework mounts it: routes are matched below the path of the issuer.
      request.url = (request.url ?? "").slice(TOKEN_SERVER_PATH.length);
      await provider.callback()(request, response);
    },
    async accepts(token) {
      return (await (await current()).ClientCredentials.find(token)) !== undefined;
    },
    revokeAll: () => issued.clear(),
  };
}

async function createProvider(issuer: string, secret: string, tokenSeconds: number, issued: IssuedTokens) {
  const { Provider } = await import("oidc-provider");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return new Provider(issuer, {
    adapter: (model: string) => issued.adapter(model),
    clients: [
      {
        client_id: DEMO_USER,
        client_secret: secret,
        grant_types: ["client_credentials"],
        // The default is RS256, which the key below cannot do.
        id_token_signed_response_alg: "ES256",
        redirect_uris: [],
        response_types: [],
        scope: CLIENT_SCOPE,
      },
    ],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    // Nothing is signed with it: without a key of ours the library warns that it took one of its own.
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig" }] },
    scopes: [CLIENT_SCOPE, OTHER_SCOPE],
    ttl: { ClientCredentials: tokenSeconds },
  });
}

type Payload = Readonly<Record<string, unknown>>;

/** What the library stores, by model and id, as its adapters are to keep it. Bounded: the oldest goes first. */
class IssuedTokens {
  readonly #stored = new Map<string, { readonly payload: Payload; readonly expiresAt: number }>();
  readonly #clock: () => number;
  readonly #usualSeconds: number;

  constructor(clock: () => number, usualSeconds: number) {
    this.#clock = clock;
    this.#usualSeconds = usualSeconds;
  }

  adapter(model: string) {
    const nothing = async () => undefined;
    return {
      upsert: async (id: string, payload: Payload, seconds = this.#usualSeconds) => {
        this.#stored.set(`${model} ${id}`, { payload, expiresAt: this.#clock() + seconds });
        const [oldest] = this.#stored.keys();
        if (this.#stored.size > MAX_TOKENS && oldest !== undefined) this.#stored.delete(oldest);
      },
      find: async (id: string) => {
        const found = this.#stored.get(`${model} ${id}`);
        return found !== undefined && this.#clock() < found.expiresAt ? found.payload : undefined;
      },
      destroy: async (id: string) => {
        this.#stored.delete(`${model} ${id}`);
      },
      consume: nothing,
      findByUid: nothing,
      findByUserCode: nothing,
      revokeByGrantId: nothing,
    };
  }

  clear(): void {
    this.#stored.clear();
  }
}

const MAX_TOKENS = 1000;
