import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { canonicalRequest } from "./canonical-request.ts";
import { type ReceivedRequest, valuesOf } from "./received-request.ts";

/** A key that signs, as the receiver knows it. */
export interface SigningKey {
  readonly secretAccessKey: string;
  /** What must come in `X-Amz-Security-Token`; absent for a key of long life, which has none. */
  readonly sessionToken?: string;
  /** Epoch seconds; at this moment it is expired. */
  readonly expiresAt?: number;
}

export interface SigV4Rule {
  readonly region: string;
  readonly service: string;
  /** Epoch seconds. */
  readonly now: number;
  readonly keyOf: (accessKeyId: string) => SigningKey | undefined;
}

export type SigV4Fault =
  | "MissingAuthenticationToken"
  | "IncompleteSignature"
  | "InvalidSignatureException"
  | "UnrecognizedClientException"
  | "ExpiredTokenException";

/** Who signed, or why it is refused: AWS's code and a sentence without anything of the signature. */
export type SigV4Outcome = { readonly accessKeyId: string } | { readonly fault: SigV4Fault; readonly message: string };

/** AWS services take a date that is at most five minutes away from their clock. */
export const MAX_SKEW_SECONDS = 300;

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([A-Za-z0-9]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([!-:<-~]+(?:;[!-:<-~]+)*), ?Signature=([0-9a-f]{64})$/;

/**
 * Verifies Signature Version 4 of a request from the bytes that were received: method, path, query, body, every signed
 * header and the date
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 * Signed must be `host`, `content-type` where there is one, and every `x-amz-*`, of which `x-amz-date` is required.
 */
export function verifySigV4(request: ReceivedRequest, rule: SigV4Rule): SigV4Outcome {
  const [authorization, second] = valuesOf(request.headers, "authorization");
  if (authorization === undefined) return fault("MissingAuthenticationToken", "the request is not signed");
  const parts = second === undefined ? AUTHORIZATION.exec(authorization) : null;
  if (parts === null) return fault("IncompleteSignature", "Authorization is not one signature of AWS4-HMAC-SHA256");
  const [, accessKeyId = "", day = "", region = "", service = "", names = "", signature = ""] = parts;
  const signedHeaders = names.split(";");

  const missing = unsignedHeader(request, signedHeaders);
  if (missing !== undefined) return fault("IncompleteSignature", `${missing} is not signed`);
  if (region !== rule.region || service !== rule.service) {
    return fault("InvalidSignatureException", `the scope is not ${rule.region}/${rule.service}`);
  }
  const [date = ""] = valuesOf(request.headers, "x-amz-date");
  const moment = secondsOf(date);
  if (moment === undefined || !date.startsWith(day)) {
    return fault("IncompleteSignature", "X-Amz-Date is not a date of the scope's day");
  }
  if (Math.abs(rule.now - moment) > MAX_SKEW_SECONDS) {
    return fault("InvalidSignatureException", moment < rule.now ? "the signature expired" : "the signature is early");
  }
  const key = rule.keyOf(accessKeyId);
  const tokens = valuesOf(request.headers, "x-amz-security-token");
  if (key === undefined || tokens.length > 1 || tokens[0] !== key.sessionToken) {
    return fault("UnrecognizedClientException", "the security token of the request is invalid");
  }
  if (key.expiresAt !== undefined && rule.now >= key.expiresAt) {
    return fault("ExpiredTokenException", "the security token of the request is expired");
  }

  // Of the body that arrived, whatever `x-amz-content-sha256` says of it: a signature over another digest does not match.
  const canonical = canonicalRequest(request, signedHeaders, sha256(request.body));
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const right = [day, region, service, "aws4_request", toSign].reduce(
    (secret, text) => createHmac("sha256", secret).update(text).digest(),
    Buffer.from(`AWS4${key.secretAccessKey}`),
  );
  if (!timingSafeEqual(Buffer.from(signature, "hex"), right)) {
    return fault("InvalidSignatureException", "the signature does not match the request that arrived");
  }
  return { accessKeyId };
}

function fault(code: SigV4Fault, message: string): SigV4Outcome {
  return { fault: code, message };
}

/** The first header that has to be signed and is not. */
function unsignedHeader(request: ReceivedRequest, signedHeaders: readonly string[]): string | undefined {
  const names = request.headers.map(([name]) => name.toLowerCase());
  const required = names.filter((name) => name === "content-type" || name.startsWith("x-amz-"));
  return ["host", "x-amz-date", ...required].find((name) => !signedHeaders.includes(name));
}

/** Epoch seconds of `20150830T123600Z`. */
function secondsOf(date: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const milliseconds = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

function sha256(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
