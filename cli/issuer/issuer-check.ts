import { systemClock } from "../../lib/clock.ts";
import type { Environment } from "../../lib/config.ts";
import { GatewayError } from "../../lib/errors.ts";
import { fetchKeySet } from "../../lib/issuer/key-fetch.ts";
import { type KeySet, readKeySet } from "../../lib/issuer/key-set.ts";
import { compareKeySets } from "../../lib/issuer/key-snapshot.ts";
import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { isJsonObject } from "../../lib/json.ts";
import { createFetchJson } from "../../lib/net/fetch-json.ts";
import { CliError, EXIT } from "../exit-code.ts";
import { askKubernetes } from "../kubeconfig/kube-request.ts";
import type { KubeAccess } from "../kubeconfig/kubeconfig.ts";

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

export async function readServerKeys(access: KubeAccess, env: Environment): Promise<ServerKeys> {
  const discovery = await askKubernetes(access, { path: "/.well-known/openid-configuration" }, env);
  const issuer = isJsonObject(discovery) ? discovery["issuer"] : undefined;
  if (typeof issuer !== "string") {
    throw new CliError(EXIT.UNDECIDED, `${access.server} has no issuer in its discovery document`);
  }
  const keys = readKeySet(await askKubernetes(access, { path: "/openid/v1/jwks" }, env));
  if (typeof keys === "string")
    throw new CliError(EXIT.UNDECIDED, `the key set of ${access.server} is refused: ${keys}`);
  return {
    issuer,
    keys,
    verified: [`the API server of context ${access.context} says that it is this issuer`, describeKeys(keys)],
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
