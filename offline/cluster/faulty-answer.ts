import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Answer } from "./answer.ts";
import { json } from "./answer.ts";
import { ApiStatus } from "./api-status.ts";
import type { Fault } from "./faults.ts";
import { generateSigningKey, type PublicJwk } from "./signing-key.ts";

const DEFAULT_BYTES = 10_000_000;

/** A request with this query is never disturbed: where a redirect leads. */
export const UNDISTURBED_QUERY = "undisturbed";

interface AskedFor {
  /** What was asked for. */
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly issuer: string;
}

/** What is answered in place of `right`. Faults of the connection leave it as it is: see `deliver`. */
export async function faultyAnswer(fault: Fault, right: Answer, { method, url, issuer }: AskedFor): Promise<Answer> {
  switch (fault.kind) {
    case "status":
      return json(fault.status, new ApiStatus(fault.status, "Unknown", "a fault was asked for"));
    case "html":
      return { status: 200, headers: { "content-type": "text/html" }, body: Buffer.from("<html>Sign in</html>") };
    case "truncated":
      return { ...right, body: right.body.subarray(0, right.body.length / 2) };
    case "redirect":
      return {
        // By a 302, a POST would become a GET.
        status: method === "POST" ? 307 : 302,
        headers: { location: fault.location ?? `${url}?${UNDISTURBED_QUERY}` },
        body: Buffer.alloc(0),
      };
    case "huge":
      return padded(right, fault.bytes);
    case "gzip-bomb": {
      const huge = padded(right, fault.bytes);
      const body = await promisify(gzip)(huge.body);
      return { ...huge, headers: { ...huge.headers, "content-encoding": "gzip" }, body };
    }
    case "body":
      return {
        status: fault.status ?? 200,
        headers: { "content-type": fault.contentType ?? "application/json" },
        body: Buffer.from(fault.body),
      };
    case "wrong-issuer":
      return changed(right, { issuer: fault.issuer ?? `${issuer}-other` });
    case "foreign-jwks-uri":
      return changed(right, { jwks_uri: fault.url ?? "https://keys.invalid/openid/v1/jwks" });
    case "empty-keys":
      return changed(right, { keys: [] });
    case "duplicate-kid": {
      const keys = keysIn(right);
      const { jwk } = await generateSigningKey("ES256");
      return changed(right, { keys: [...keys, ...keys.map(({ kid }) => ({ ...jwk, kid }))] });
    }
    case "private-member":
      return changed(right, { keys: keysIn(right).map((key) => ({ ...key, d: key.kid })) });
    default:
      return right;
  }
}

/** The document with some of its members replaced. */
function changed(right: Answer, members: Readonly<Record<string, unknown>>): Answer {
  return { ...right, body: Buffer.from(JSON.stringify({ ...documentIn(right), ...members })) };
}

function documentIn({ body }: Answer): { keys?: readonly PublicJwk[] } {
  return JSON.parse(body.toString());
}

function keysIn(right: Answer): readonly PublicJwk[] {
  return documentIn(right).keys ?? [];
}

/** Still a document that would do, so that only a bound on its size refuses it. */
function padded(right: Answer, bytes = DEFAULT_BYTES): Answer {
  return changed(right, { padding: "x".repeat(bytes) });
}
