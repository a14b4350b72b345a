import { X509Certificate } from "node:crypto";
import type { LookupAddress } from "node:dns";
import type { ClientRequest, OutgoingHttpHeaders } from "node:http";
import { type RequestOptions, request as requestOverTls } from "node:https";
import type { TcpNetConnectOpts } from "node:net";
import { FetchFailure } from "../issuer/fetch-json.ts";
import type { Stage } from "./failure.ts";
import { pinnedLookup } from "./pinned-lookup.ts";
import type { Target } from "./target.ts";

export interface RequestSettings {
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  /** PEM; replaces the public roots. */
  readonly certificateAuthority?: string | undefined;
  /** Told once for each stage that is reached. */
  readonly onStage: (stage: Exclude<Stage, "connecting">) => void;
}

/** Largest header of an answer, in bytes: Node's own default, said outright because NODE_OPTIONS can raise it. */
const MAX_HEADER_BYTES = 16_384;

/**
 * How long one address is waited for before it is given up for the next one; the last has the rest of the budget.
 * NODE_OPTIONS can change this one too.
 */
const NEXT_ADDRESS_AFTER_MILLISECONDS = 250;

/**
 * The one place where podgate opens a connection: to the checked addresses and to no other. The caller ends the
 * request, listens for its errors and destroys it.
 *
 * @param addresses - of `resolvePermitted`, for this target
 * @throws FetchFailure with `tls-failed` where the certificate authority cannot be read
 */
export function openRequest(
  target: Target,
  addresses: readonly LookupAddress[],
  settings: RequestSettings,
): ClientRequest {
  const secure = target.url.protocol === "https:";
  const options: RequestOptions & Pick<TcpNetConnectOpts, "autoSelectFamily" | "autoSelectFamilyAttemptTimeout"> = {
    method: settings.method,
    headers: settings.headers,
    // A connection for each request: Lambda freezes between them, and a socket that was closed meanwhile looks alive
    // until it is written to. It also keeps a certificate authority, a proxy variable and a TLS session of one
    // issuer out of the next request. Keys are fetched every few minutes, so there is little to keep alive.
    agent: false,
    lookup: pinnedLookup(addresses),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MILLISECONDS,
    maxHeaderSize: MAX_HEADER_BYTES,
    insecureHTTPParser: false,
  };
  const request = secure
    ? requestOverTls(target.url, {
        ...options,
        // Both said outright: NODE_TLS_REJECT_UNAUTHORIZED and --tls-min-v1.0 would change the defaults.
        rejectUnauthorized: true,
        minVersion: "TLSv1.2",
        ...(settings.certificateAuthority === undefined
          ? {}
          : { ca: readCertificates(settings.certificateAuthority, target.label) }),
      })
    : // Not imported: the module of node:http loads undici, 30 ms of a cold start that only offline stages need.
      process.getBuiltinModule("node:http").request(target.url, options);
  // Node would drop what comes after the 1,000th field without a word; the header's size is the bound.
  request.maxHeadersCount = 0;
  request.once("socket", (socket) => {
    socket.once("connect", () => settings.onStage(secure ? "handshake" : "connected"));
    socket.once("secureConnect", () => settings.onStage("connected"));
  });
  return request;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * The certificates of a PEM text, each of which can be read. Node would not complain: it skips what it cannot read,
 * and takes the public roots where the text is empty.
 */
function readCertificates(pem: string, label: string): string[] {
  const certificates = pem.match(CERTIFICATE) ?? [];
  if (certificates.length === 0 || certificates.length !== pem.split("-----BEGIN ").length - 1) {
    throw new FetchFailure("tls-failed", `${label}: certificateAuthority is not PEM, or not certificates alone`);
  }
  certificates.forEach((certificate, index) => {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      const which = `certificate ${index + 1} of certificateAuthority`;
      throw new FetchFailure("tls-failed", `${label}: ${which} cannot be read`, { cause: error });
    }
  });
  return certificates;
}
