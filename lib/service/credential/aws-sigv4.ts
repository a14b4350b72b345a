import { SignatureV4 } from "@smithy/signature-v4";
import type { Clock } from "../../clock.ts";
import type { VerifiedIdentity } from "../../token/token-verifier.ts";
import type { AwsCredential } from "../credential-document.ts";
import { type OutgoingRequest, ServiceFailure } from "../outgoing.ts";
import type { Credential } from "./credential.ts";
import { Sha256 } from "./sha256.ts";

/** Temporary credentials of a role. */
export interface AwsSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** A session of this role for this caller and nobody else. Rejects with `ServiceFailure` (`CREDENTIAL_FAILED`). */
export type AssumeRole = (roleArn: string, caller: VerifiedIdentity) => Promise<AwsSession>;

const OWN_HEADERS = ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"];

/** What CloudFront before a service, or a tracing proxy, writes anew; it stands in no signature of AWS's own tools. */
const REWRITTEN_HEADERS = ["accept-encoding", "content-length", "traceparent", "tracestate"];

/**
 * Signature Version 4 (AWS IAM user guide, "Create a signed AWS API request") by the credentials of a role that is assumed
 * for the caller. The function's own credentials sign nothing here. Refusals of AWS are 403, so a 401 renews nothing.
 */
export function awsSigV4Credential(
  { region, signingName, roleArn }: AwsCredential,
  { assumeRole, clock }: { readonly assumeRole: AssumeRole; readonly clock: Clock },
): Credential {
  return {
    ownHeaders: OWN_HEADERS,
    async apply(request, caller) {
      // Read first: for a call that cannot be signed nobody is asked for a session.
      const signable = readSignable(request);
      const credentials = await assumeRole(roleArn, caller);
      const signer = new SignatureV4({
        credentials,
        region,
        service: signingName,
        sha256: Sha256,
        // S3 takes the path as it is; for every other service it is encoded once more.
        uriEscapePath: !/^s3(?:$|-|express$)/.test(signingName),
      });
      return sign(signable, signer, new Date(clock.now() * 1000));
    },
    renew: async () => false,
  };
}

/** A request in the one spelling of path and query that its signature is made for. */
interface Signable {
  readonly request: OutgoingRequest;
  readonly url: URL;
  readonly path: string;
  readonly parameters: readonly QueryParameter[];
}

function readSignable(request: OutgoingRequest): Signable {
  const url = new URL(request.url);
  const path = url.pathname.split("/").map(encodeWhole).join("/");
  return { request, url, path, parameters: readQuery(url.search.slice(1)) };
}

async function sign(
  { request, url, path, parameters }: Signable,
  signer: SignatureV4,
  signingDate: Date,
): Promise<OutgoingRequest> {
  // `date` says in unsigned words what `x-amz-date` says.
  const headers = request.headers.filter(([name]) => ![...OWN_HEADERS, "date", "host"].includes(name));

  const signed = await signer.sign(
    {
      method: request.method,
      protocol: url.protocol,
      hostname: url.hostname,
      path,
      query: Object.fromEntries(
        [...Map.groupBy(parameters, ({ name }) => name)].map(([name, each]) => [
          name,
          each.map(({ value = "" }) => value),
        ]),
      ),
      headers: { ...joined(headers), host: url.host },
      body: request.body,
    },
    { signingDate, unsignableHeaders: new Set(REWRITTEN_HEADERS) },
  );
  const own = Object.entries(signed.headers).filter(([name]) => OWN_HEADERS.includes(name));
  const query = parameters.map(writeParameter).join("&");
  return {
    ...request,
    url: `${url.origin}${path}${query === "" ? "" : `?${query}`}`,
    headers: [...headers, ...own],
  };
}

/** Headers as they stand in the signature: of one name, the values joined in their order. */
function joined(headers: OutgoingRequest["headers"]): Record<string, string> {
  // The signature counts UTF-8 and the wire carries Latin-1, so a header that differs in the two goes unsigned.
  return Object.fromEntries(
    [...Map.groupBy(headers, ([name]) => name)]
      .map(([name, each]) => [name, each.map(([, value]) => value.trim()).join(",")] as const)
      .filter(([, value]) => /^[\t -~]*$/.test(value)),
  );
}

interface QueryParameter {
  readonly name: string;
  /** `undefined` where there is no `=`. */
  readonly value: string | undefined;
}

/** A query as AWS reads it: `+` is a space. */
function readQuery(query: string): readonly QueryParameter[] {
  const parameters = query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const equals = part.indexOf("=");
      if (equals < 0) return { name: decode(part), value: undefined };
      return { name: decode(part.slice(0, equals)), value: decode(part.slice(equals + 1)) };
    });
  if (parameters.some(({ name }) => name.toLowerCase() === "x-amz-signature")) {
    throw unsignable("its query holds a signature already");
  }
  // The signer keeps parameters in an object, where this is no member like others.
  if (parameters.some(({ name }) => name === "__proto__")) {
    throw unsignable("its query has a parameter that the signer leaves out");
  }
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw unsignable("its query is not percent-encoded UTF-8");
  }
}

function writeParameter({ name, value }: QueryParameter): string {
  return value === undefined ? encode(name) : `${encode(name)}=${encode(value)}`;
}

/** A path segment in the one spelling that S3 signs: it decodes what it gets and encodes it again. */
function encodeWhole(segment: string): string {
  try {
    return encode(decodeURIComponent(segment));
  } catch {
    throw unsignable("its path is not percent-encoded UTF-8");
  }
}

/** Everything but the unreserved characters of RFC 3986 §2.3. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

function unsignable(fault: string): ServiceFailure {
  return new ServiceFailure("REQUEST_MALFORMED", `the call cannot be signed: ${fault}`);
}
