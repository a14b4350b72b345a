import { createHmac, hash } from "node:crypto";
import type { DirectSettings } from "./direct-settings.ts";

/** A POST to `/` of an endpoint, without a query. */
export interface Post {
  /** Names in small letters; values that neither begin nor end with a space, nor have two in a row. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What the request goes to, as in `service/aws4_request` of a credential scope. */
  readonly service: string;
  readonly signedAt: Date;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/**
 * The headers of a request with its host, and signed (AWS IAM user guide, "Create a signed AWS API request"). AWS's own
 * signer gives the same, which the tests hold it against; that one takes a sixth of the authorizer's bundle.
 */
export function signedHeaders(
  { endpoint, region, credentials }: Pick<DirectSettings, "endpoint" | "region" | "credentials">,
  { headers, body, service, signedAt }: Post,
): Record<string, string> {
  const time = signedAt.toISOString().replace(/[-:]|\.\d+/g, "");
  const day = time.slice(0, 8);
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signed: Record<string, string> = {
    host: endpoint.host,
    ...headers,
    "x-amz-content-sha256": hash("sha256", body),
    "x-amz-date": time,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const names = Object.keys(signed).sort();
  const lines = names.map((name) => `${name}:${signed[name]}\n`);
  const canonical = `POST\n/\n\n${lines.join("")}\n${names.join(";")}\n${signed["x-amz-content-sha256"]}`;
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = [region, service, "aws4_request"].reduce(hmac, hmac(`AWS4${secretAccessKey}`, day));
  const toSign = `${ALGORITHM}\n${time}\n${scope}\n${hash("sha256", canonical)}`;
  const signature = createHmac("sha256", key).update(toSign).digest("hex");
  const credential = `Credential=${accessKeyId}/${scope}`;
  const authorization = `${ALGORITHM} ${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { ...signed, authorization };
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
