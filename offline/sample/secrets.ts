import { createHash, timingSafeEqual } from "node:crypto";
import { type ReceivedRequest, type ShownRequest, valuesOf } from "./received-request.ts";

/** The parts of the sample service that have a secret; each is at `/<kind>`. */
export const SECRET_KINDS = ["header", "basic", "oauth2"] as const;

export type SecretKind = (typeof SECRET_KINDS)[number];
export type Secrets = Record<SecretKind, string>;

/** What the service takes at the start: the `secrets` of `offline/seed.yaml`. They open nothing but this service. */
export const DEMO_SECRETS: Readonly<Secrets> = {
  header: "offline-header-key",
  basic: "offline-basic-password",
  oauth2: "offline-client-secret",
};

/** The user of Basic authentication and the OAuth2 client. */
export const DEMO_USER = "podgate";

/** What a part of the service thinks of a request's credential. A refusal says how it is answered. */
export interface Verdict extends Pick<ShownRequest, "credential" | "caller"> {
  readonly refusal?: Refusal;
}

export interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message: string;
}

/** `X-Api-Key: <secret>`, once. */
export function checkHeader(request: ReceivedRequest, secret: string): Verdict {
  return verdictOn(
    valuesOf(request.headers, "x-api-key"),
    (value) => same(value, secret),
    "X-Api-Key is not the key of this service",
  );
}

/** `Authorization: Basic` (RFC 7617), once. */
export function checkBasic(request: ReceivedRequest, secret: string): Verdict {
  const right = Buffer.from(`${DEMO_USER}:${secret}`).toString("base64");
  return verdictOn(
    valuesOf(request.headers, "authorization"),
    (value) => /^Basic /i.test(value) && same(value.slice("Basic ".length), right),
    "user or password is wrong",
    'Basic realm="sample"',
  );
}

/** `Authorization: Bearer` (RFC 6750), once, with a token that `accepts` knows. */
export async function checkBearer(
  request: ReceivedRequest,
  accepts: (token: string) => Promise<boolean>,
): Promise<Verdict> {
  const values = valuesOf(request.headers, "authorization");
  const token = /^Bearer ([\w.~+/=-]+)$/i.exec(values.length === 1 ? (values[0] ?? "") : "")?.[1];
  const accepted = token !== undefined && (await accepts(token));
  return verdictOn(values, () => accepted, "the access token is not one of ours", "Bearer");
}

function verdictOn(
  values: readonly string[],
  isRight: (value: string) => boolean,
  message: string,
  challenge?: string,
): Verdict {
  const [value, second] = values;
  if (value !== undefined && second === undefined && isRight(value)) return { credential: "right" };
  return {
    credential: value === undefined ? "missing" : "wrong",
    refusal: { status: 401, message, ...(challenge !== undefined && { headers: { "www-authenticate": challenge } }) },
  };
}

/** Of their digests, so that neither content nor length shows in the time. */
function same(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
