import { GatewayError } from "../../lib/errors.ts";
import { type FetchFailureReason, isFetchFailure } from "../../lib/issuer/fetch-json.ts";
import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { isJsonObject } from "../../lib/json.ts";
import { addressKind } from "../../lib/net/addresses.ts";
import type { Resolve } from "../../lib/net/pinned-lookup.ts";
import { systemResolve } from "../../lib/net/system-resolve.ts";
import { shapeOf } from "../issuer/issuer-shape.ts";
import { printable } from "../printable.ts";
import type { Finding } from "./finding.ts";
import { refusedKeySet } from "./key-findings.ts";
import { type Observation, observeIssuer } from "./observe-issuer.ts";

/** Beyond what clocks differ by that are kept; tokens are given 30 s (`PODGATE_CLOCK_SKEW_SECONDS`). */
const CLOCKS_DIFFER_SECONDS = 10;

const ADVICE = {
  "address-refused":
    'where the functions run inside that network, say "network": "private" in the issuer document; plain http is for offline alone (PODGATE_ALLOW_LOOPBACK_HTTP=1)',
  "name-not-resolved": "check the URL; a name that only the cluster knows needs static keys",
  "connection-failed": "is it up, and open to where the functions run?",
  "tls-failed": "an authority that is not public goes into `certificateAuthority` of the issuer document",
  "timed-out": "the functions wait no longer than this",
  redirected: "no redirect is followed: register where it leads as `discoveryURL`",
  "client-error-status":
    "is this the issuer's URL? An API server shows its keys to everybody only where system:service-account-issuer-discovery is bound to system:unauthenticated",
  "server-error-status": "ask whoever runs it",
  "too-large": "is this an issuer?",
  "content-encoded": "something in between compresses what nobody asked to be compressed",
  "not-json": "is this an issuer?",
} as const satisfies Record<FetchFailureReason, string>;

/** What an issuer's answers, or their absence, mean for the functions. */
export async function issuerFindings(
  issuer: TrustedIssuer,
  observation: Observation,
  options: { readonly allowLoopbackHttp: boolean; readonly resolve?: Resolve },
): Promise<Finding[]> {
  const { aheadSeconds, outcome } = observation;
  const where = issuer.url;
  return [
    ...(outcome instanceof GatewayError
      ? await failureFindings(issuer, observation, outcome, options)
      : [{ severity: "ok" as const, check: "reachable" as const, where, text: reachedBy(issuer) }]),
    ...(aheadSeconds !== undefined && Math.abs(aheadSeconds) > CLOCKS_DIFFER_SECONDS
      ? [clockFinding(where, aheadSeconds)]
      : []),
  ];
}

function reachedBy({ jwksURL }: TrustedIssuer): string {
  return jwksURL === undefined
    ? "answers; its discovery document names exactly this issuer, and its `jwks_uri` may be used"
    : `its keys are at ${jwksURL}, as the issuer document says; discovery is not asked`;
}

function clockFinding(where: string, aheadSeconds: number): Finding {
  const distance = `${Math.round(Math.abs(aheadSeconds))} s ${aheadSeconds > 0 ? "ahead of" : "behind"} this machine's`;
  const text = `its clock is ${distance}; tokens are given 30 s: set both by NTP`;
  return { severity: "warning", check: "clock", where, text };
}

async function failureFindings(
  issuer: TrustedIssuer,
  observation: Observation,
  error: GatewayError,
  options: { readonly allowLoopbackHttp: boolean; readonly resolve?: Resolve },
): Promise<Finding[]> {
  const where = issuer.url;
  const finding = (check: Finding["check"], text: string): Finding => ({ severity: "error", check, where, text });
  switch (error.code) {
    case "DISCOVERY_INVALID":
      return [
        finding("jwks-uri", `${error.code}: ${error.message}`),
        ...(await discoveryFindings(issuer, observation, options)),
      ];
    case "KEY_SET_INVALID":
      return [finding("key-set", `${error.code}: ${error.message}; ${refusedKeySet(observation.keySet)}`)];
    default: {
      const advice = isFetchFailure(error.cause) ? `; ${ADVICE[error.cause.reason]}` : "";
      return [finding("reachable", `${error.code}: ${error.message}${advice}`), ...sharedFinding(issuer)];
    }
  }
}

function sharedFinding({ url }: TrustedIssuer): Finding[] {
  if (!shapeOf(url).isShared) return [];
  const text =
    "the default issuer of kubeadm, kind and k3s, whose name only the cluster knows: keep its keys as static ones (`podgate issuer add --kubeconfig`), or give it an issuer of its own";
  return [{ severity: "error", check: "reachable", where: url, text }];
}

/** More about a discovery document that is refused: which issuer it names, and whether its key set is anywhere to be had. */
async function discoveryFindings(
  issuer: TrustedIssuer,
  { discovery }: Observation,
  { allowLoopbackHttp, resolve = systemResolve }: { readonly allowLoopbackHttp: boolean; readonly resolve?: Resolve },
): Promise<Finding[]> {
  if (!isJsonObject(discovery)) return [];
  const where = issuer.url;
  const { issuer: named, jwks_uri: jwksUri } = discovery;
  if (named !== issuer.url) {
    const text =
      typeof named === "string"
        ? `it says that it is ${printable(named)}; register the issuer that the tokens name (\`podgate inspect\`), letter by letter`
        : "it names no issuer";
    return [{ severity: "error", check: "jwks-uri", where, text }];
  }
  const url = typeof jwksUri === "string" ? URL.parse(jwksUri) : null;
  if (url === null || typeof jwksUri !== "string") return [];
  const why = await insideOnly(url.hostname, resolve);
  if (why !== undefined) {
    const eks = shapeOf(issuer.url).title === "EKS" ? `: EKS has its keys at ${issuer.url}/keys` : "";
    const text = `\`jwks_uri\` is ${printable(jwksUri)}, an address inside the cluster's network (${why}), and nobody outside gets there${eks}; set kube-apiserver's --service-account-jwks-uri to a public one, name it as \`jwksURL\`, or keep static keys`;
    return [{ severity: "error", check: "jwks-uri", where, text }];
  }
  const { outcome } = await observeIssuer({ ...issuer, jwksURL: jwksUri }, allowLoopbackHttp);
  const text =
    outcome instanceof GatewayError
      ? `\`jwks_uri\` is ${printable(jwksUri)}, which does not serve either: ${outcome.code}: ${outcome.message}`
      : `${outcome.size} keys are at ${printable(jwksUri)}; if that host is the issuer's, say "jwksURL": ${JSON.stringify(printable(jwksUri))} in the issuer document`;
  return [{ severity: "error", check: "jwks-uri", where, text }];
}

/** Names that no public DNS has: of EC2 instances, of clusters, and single words. */
const INSIDE_NAME = /^[^.]+$|\.(internal|local|svc|lan|localdomain)$/;

/** Why a host is only reached from inside, or `undefined`. */
async function insideOnly(hostname: string, resolve: Resolve): Promise<string | undefined> {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (INSIDE_NAME.test(host) && host !== "localhost") return "a name that only its network knows";
  try {
    const kinds = (await resolve(host)).map(({ address }) => addressKind(address));
    return kinds.includes("private") ? "a private address" : undefined;
  } catch {
    return "its name has no address here";
  }
}
