import type { Clock } from "../../clock.ts";
import { decodeUtf8, isJsonObject, JsonFault, type JsonObject, parseJson } from "../../json.ts";
import type { OAuth2ClientCredential } from "../credential-document.ts";
import {
  type CallLimits,
  type CallService,
  type OutgoingRequest,
  type ServiceAnswer,
  ServiceFailure,
} from "../outgoing.ts";
import { basicAuthorization } from "./basic.ts";
import type { Credential } from "./credential.ts";
import { withHeader } from "./header.ts";
import { type FreshSecret, Secret } from "./secret.ts";

export interface OAuth2Deps {
  readonly secret: Secret;
  readonly call: CallService;
  /** The service's own: its token endpoint may lie where it lies. */
  readonly network: CallLimits["network"];
  readonly clock: Clock;
}

/** A call has 5 s to start (R18), and the issuer and the store have had their part of them. */
const TOKEN_LIMITS = { connectSeconds: 2, totalSeconds: 3, maxBytes: 65_536 } as const;

/** A token is used this much shorter than it lives, or by a tenth where that is less: it must outlive the call. */
const MARGIN_SECONDS = 30;
const MIN_AGE_SECONDS = 1;
/** A token that was withdrawn is refused by the service, so this bounds what else may change: its scope, its claims. */
const MAX_AGE_SECONDS = 3600;
/** `expires_in` is recommended, not required (RFC 6749 §5.1); no server is known to give less by default. */
const DEFAULT_AGE_SECONDS = 300;

/** RFC 6749 §5.2. Anything else in `error` is the server's own text and is not told. */
const ERRORS = [
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
];

/** A token of the client credentials grant (RFC 6749 §4.4), used as a bearer token (RFC 6750 §2.1). */
export function oauth2Credential(settings: OAuth2ClientCredential, deps: OAuth2Deps): Credential {
  const token = new Secret(() => fetchToken(settings, deps), deps.clock);
  return {
    ownHeaders: ["authorization"],
    apply: async (request, caller) => withHeader(request, "authorization", `Bearer ${await token.use(caller)}`),
    renew: (caller) => token.renew(caller),
  };
}

/** One token, however many calls wait for it. A client secret that was rotated is read again, and asked with once more. */
async function fetchToken(
  settings: OAuth2ClientCredential,
  { secret, call, network }: OAuth2Deps,
): Promise<FreshSecret> {
  const attempt = {};
  const limits = { ...TOKEN_LIMITS, network };
  const ask = async () => askFor(settings, await secret.use(attempt), (request) => call(request, limits));
  let answer = await ask();
  if (isClientRefused(answer) && (await secret.renew(attempt))) answer = await ask();
  return readToken(answer, hostOf(settings));
}

async function askFor(
  settings: OAuth2ClientCredential,
  secret: string,
  send: (request: OutgoingRequest) => Promise<ServiceAnswer>,
): Promise<ServiceAnswer> {
  try {
    return await send(tokenRequest(settings, secret));
  } catch (error) {
    if (!(error instanceof ServiceFailure)) throw error;
    throw failed(hostOf(settings), error.code, error);
  }
}

function tokenRequest({ tokenURL, clientId, scope }: OAuth2ClientCredential, secret: string): OutgoingRequest {
  const form = new URLSearchParams({ grant_type: "client_credentials", ...(scope === undefined ? {} : { scope }) });
  return {
    method: "POST",
    url: tokenURL,
    headers: [
      // Both are form-encoded before they are joined (RFC 6749 §2.3.1), so that either may hold a colon.
      ["authorization", basicAuthorization(formEncoded(clientId), formEncoded(secret))],
      ["content-type", "application/x-www-form-urlencoded"],
      ["accept", "application/json"],
      ["accept-encoding", "identity"],
    ],
    body: Buffer.from(form.toString()),
  };
}

/** RFC 6749 Appendix B. */
function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}

/** Some servers say 400 where §5.2 has 401, so the word counts too. */
function isClientRefused(answer: ServiceAnswer): boolean {
  return answer.status === 401 || errorOf(answer) === "invalid_client";
}

function readToken(answer: ServiceAnswer, host: string): FreshSecret {
  if (answer.status !== 200) {
    const error = errorOf(answer);
    throw failed(host, `answered ${answer.status}${error === undefined ? "" : ` (${error})`}`);
  }
  const body = readJson(answer);
  if (body === undefined) throw failed(host, "the answer is not a JSON object");
  const { access_token: value, token_type: type } = body;
  // Case does not matter (§5.1). A token of another type is not to be used as if it were one of this (§7.1).
  if (typeof type !== "string" || type.toLowerCase() !== "bearer") throw failed(host, "token_type is not Bearer");
  if (typeof value !== "string" || !/^[!-~]+$/.test(value)) throw failed(host, "access_token is not visible ASCII");
  return { value, maxAgeSeconds: ageOf(body["expires_in"]) };
}

/** Seconds that a token is used. Some servers write the number as a string. */
function ageOf(expiresIn: unknown): number {
  const seconds = typeof expiresIn === "string" && /^[0-9]{1,15}$/.test(expiresIn) ? Number(expiresIn) : expiresIn;
  if (typeof seconds !== "number" || Number.isNaN(seconds)) return DEFAULT_AGE_SECONDS;
  const age = seconds - Math.min(MARGIN_SECONDS, seconds / 10);
  return Math.min(MAX_AGE_SECONDS, Math.max(MIN_AGE_SECONDS, age));
}

function errorOf(answer: ServiceAnswer): string | undefined {
  const error = readJson(answer)?.["error"];
  return ERRORS.find((each) => each === error);
}

function readJson({ body }: ServiceAnswer): JsonObject | undefined {
  try {
    const value = parseJson(decodeUtf8(body));
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof JsonFault) return undefined;
    throw error;
  }
}

function hostOf({ tokenURL }: OAuth2ClientCredential): string {
  return URL.parse(tokenURL)?.host ?? "of an unreadable URL";
}

function failed(host: string, outcome: string, cause?: ServiceFailure): ServiceFailure {
  return new ServiceFailure("CREDENTIAL_FAILED", `no token from the token endpoint ${host}: ${outcome}`, { cause });
}
