import { isIP } from "node:net";
import { FetchFailure, type Network } from "../issuer/fetch-json.ts";
import { addressKind, type Reach } from "./addresses.ts";

/** Where one request goes, and which addresses it may reach there. */
export interface Target {
  readonly url: URL;
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly reach: Reach;
  /** Scheme, host and path, for logs: no query, at most 256 characters. */
  readonly label: string;
}

export interface TargetRule {
  readonly network: Network;
  /** Plain http to loopback, and loopback at all: for offline stages and tests only. */
  readonly allowLoopbackHttp: boolean;
}

/** Longest text of a URL in a log line, in characters: a path may come from an issuer's own document. */
const LABEL_LENGTH = 256;

/**
 * Reads the URL of an outgoing request: https, or plain http where the rule has it and the host is `localhost`, ::1
 * or an IPv4 address of 127.0.0.0/8. The host is judged as `URL` reads it, so `0x7f.1` is 127.0.0.1 here too.
 * User info and a fragment are refused, an empty fragment as well.
 *
 * Throws `FetchFailure` with `address-refused`.
 */
export function readTarget(text: string, rule: TargetRule): Target {
  const url = URL.parse(text);
  if (url === null) throw new FetchFailure("address-refused", "the URL cannot be read");
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new FetchFailure("address-refused", "the URL is not https");
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const label = `${url.protocol}//${url.host}${url.pathname}`.slice(0, LABEL_LENGTH);
  if (url.username !== "" || url.password !== "") {
    throw new FetchFailure("address-refused", `${label}: a URL with user info is refused`);
  }
  if (url.href.includes("#")) throw new FetchFailure("address-refused", `${label}: a URL with a fragment is refused`);

  const { network, allowLoopbackHttp } = rule;
  if (url.protocol === "https:") {
    return { url, host, label, reach: { network, loopback: allowLoopbackHttp ? "permitted" : "refused" } };
  }
  if (!allowLoopbackHttp || !isLoopbackHost(host)) {
    throw new FetchFailure("address-refused", `${label}: plain http is refused`);
  }
  return { url, host, label, reach: { network, loopback: "required" } };
}

function isLoopbackHost(host: string): boolean {
  return host === "localhost" || (isIP(host) !== 0 && addressKind(host) === "loopback");
}
