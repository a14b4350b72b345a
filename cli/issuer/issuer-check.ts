import { systemClock } from "../../lib/clock.ts";
import { GatewayError } from "../../lib/errors.ts";
import { fetchKeySet } from "../../lib/issuer/key-fetch.ts";
import { type KeySet, readKeySet } from "../../lib/issuer/key-set.ts";
import { compareKeySets } from "../../lib/issuer/key-snapshot.ts";
import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { isJsonObject } from "../../lib/json.ts";
import { createFetchJson } from "../../lib/net/fetch-json.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { KubeApi } from "../kubeconfig/kube-api.ts";

/** Keys of an issuer, and what has been checked about them. */
export interface CheckedKeys {
  readonly keys: KeySet;
  readonly verified: readonly string[];
}

/**
 * Fetches the keys as the functions will: discovery, then the key set, by the same code and in the same time. @returns the
 * keys, or why the functions would have none
 */
export async function checkPublished(
  issuer: TrustedIssuer,
  allowLoopbackHttp: boolean,
): Promise<CheckedKeys | GatewayError> {
  try {
    const keys = await fetchKeySet(issuer, createFetchJson({ allowLoopbackHttp }), systemClock);
    const where =
      issuer.jwksURL === undefined ? "its discovery document names exactly this issuer" : "its keys are at jwksURL";
    return { keys, verified: [`the issuer can be reached from here, and ${where}`, describeKeys(keys)] };
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

/** What an API server says about itself: its issuer, and the keys that it signs with. */
export interface ServerKeys extends CheckedKeys {
  readonly issuer: string;
}

export async function readServerKeys(api: KubeApi): Promise<ServerKeys> {
  if (!api.isVerified) {
    throw new CliError(
      EXIT.INPUT,
      `${api.title} has insecure-skip-tls-verify: keys that are read from a server nobody verified could be anybody's`,
    );
  }
  const { body: discovery } = await api.get("/.well-known/openid-configuration");
  const issuer = isJsonObject(discovery) ? discovery["issuer"] : undefined;
  if (typeof issuer !== "string") {
    throw new CliError(EXIT.UNDECIDED, `${api.title} has no issuer in its discovery document`);
  }
  const keys = readKeySet((await api.get("/openid/v1/jwks")).body);
  if (typeof keys === "string") throw new CliError(EXIT.UNDECIDED, `the key set of ${api.title} is refused: ${keys}`);
  return {
    issuer,
    keys,
    verified: [`the API server of ${api.title} says that it is this issuer`, describeKeys(keys)],
  };
}

/** Whether what is published is what the API server signs with. */
export function compareWithServer(published: KeySet, server: KeySet): string {
  return compareKeySets(server, published) === "replaced"
    ? "NOT the same cluster: the API server and the issuer share no key"
    : "the API server and the issuer have the same keys";
}

function describeKeys(keys: KeySet): string {
  const words = [...keys.values()].map((key) =>
    "unfit" in key ? `${key.keyId} (cannot be used: ${key.unfit})` : `${key.keyId} (${key.algorithm})`,
  );
  return `its key set is sound: ${words.join(", ")}`;
}
