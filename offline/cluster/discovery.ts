import type { Answer } from "./answer.ts";
import { goJson } from "./go-json.ts";
import type { PublicJwk } from "./signing-key.ts";

export const DISCOVERY_PATH = "/.well-known/openid-configuration";
export const KEYS_PATH = "/openid/v1/jwks";
export const DISCOVERY_TYPE = "application/json";
export const KEYS_TYPE = "application/jwk-set+json";

/** Both documents may be kept for an hour (kubernetes pkg/routes/openidmetadata.go). */
const CACHE_CONTROL = "public, max-age=3600";

/** The discovery document: five members and no `authorization_endpoint` (pkg/serviceaccount/openidmetadata.go). */
export function discoveryAnswer(issuer: string, jwksUri: string, keys: readonly PublicJwk[]): Answer {
  return publicDocument(DISCOVERY_TYPE, {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [...new Set(keys.map((key) => key.alg))].sort(),
  });
}

export function keysAnswer(keys: readonly PublicJwk[]): Answer {
  return publicDocument(KEYS_TYPE, { keys });
}

/** One line without an end, for people too. */
function publicDocument(contentType: string, document: unknown): Answer {
  return {
    status: 200,
    headers: { "content-type": contentType, "cache-control": CACHE_CONTROL },
    body: Buffer.from(goJson(document)),
  };
}
