import { createHash, createHmac } from "node:crypto";

/** A request as a server received it: nothing of it is decoded. */
export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface Scope {
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly secretAccessKey: string;
}

/**
 * Signature Version 4 over what was received, step by step as the AWS IAM user guide has it ("Create a signed AWS API
 * request"), in lower-case hex.
 *
 * @param signedHeaders - names as `SignedHeaders` lists them
 */
export function signatureOf(received: Received, signedHeaders: readonly string[], scope: Scope): string {
  const { region, service, date, secretAccessKey } = scope;
  const [path = "", query = ""] = received.target.split(/\?(.*)/s);
  const canonicalRequest = [
    received.method,
    // "Each path segment must be URI-encoded twice (except for Amazon S3 which only gets URI-encoded once)."
    path
      .split("/")
      .map((segment) => (service === "s3" ? encode(decodeURIComponent(segment)) : encode(segment)))
      .join("/"),
    query
      .split("&")
      .filter((part) => part !== "")
      .map((part) => part.split(/=(.*)/s))
      .map(([name = "", value = ""]) => [encode(decodeURIComponent(name)), encode(decodeURIComponent(value))] as const)
      .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
      .map(([name, value]) => `${name}=${value}`)
      .join("&"),
    ...signedHeaders.map((name) => `${name}:${joinedValues(received, name)}`),
    "",
    signedHeaders.join(";"),
    sha256(received.body),
  ].join("\n");
  const day = date.slice(0, 8);
  const toSign = ["AWS4-HMAC-SHA256", date, `${day}/${region}/${service}/aws4_request`, sha256(canonicalRequest)];
  const key = [day, region, service, "aws4_request"].reduce<Buffer>(
    (each, part) => hmac(each, part),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  return hmac(key, toSign.join("\n")).toString("hex");
}

function joinedValues({ headers }: Received, name: string): string {
  const values = headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
  return values.map((value) => value.trim().replaceAll(/ +/g, " ")).join(",");
}

function encode(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9\-._~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
