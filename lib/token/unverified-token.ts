import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { ALGORITHMS, type Algorithm, isAlgorithm } from "../issuer/algorithm.ts";
import { decodeUtf8, isJsonObject, type JsonFault, type JsonObject, own, parseJsonAsIs } from "../json.ts";
import { type BearerToken, notB64Token } from "./bearer-token.ts";
import { readClaims, type TokenClaims } from "./token-claims.ts";
import { LEGACY_ISSUER, readWrittenClaims } from "./written-claims.ts";

export interface TokenHeader {
  readonly algorithm: Algorithm;
  readonly keyId: string;
}

/** A token that has the right shape. Nothing in it is proved: `issuer` and `keyId` are look-up keys and no more. */
export interface UnverifiedToken extends TokenHeader {
  readonly bearer: BearerToken;
  /** What the signature is over: the first two parts and the dot between them (RFC 7515 §2, JWS Signing Input). */
  readonly signingInput: string;
  /** `iss` as it stands there, of whatever type. */
  readonly issuer: unknown;
  /** What the token claims, or why it is refused once its signature holds. The texts may be pieces of a longer one. */
  readonly claims: TokenClaims | Refusal;
  /** The third part, decoded. */
  readonly signature: Uint8Array;
}

/** A header is about 100 bytes; ten times that is no header of kube-apiserver. */
const MAX_HEADER_CHARACTERS = 1024;
const MAX_KEY_ID_CHARACTERS = 256;

/** Members that name or bring a key (RFC 7515 §4.1.2 to §4.1.8). Keys come from the issuer's key set alone. */
const KEY_BEARING_MEMBERS = ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"];

/** Members that change how a token is read (RFC 7515 §4.1.11, RFC 7516 §4.1.3, RFC 7797 §3). */
const UNSUPPORTED_MEMBERS = ["crit", "b64", "zip", "cty", "enc"];

const LEGACY_CLAIM_PREFIX = "kubernetes.io/serviceaccount/";

/**
 * Reads the shape of a token: three parts, strict encoding, JSON objects, a header that we understand whole.
 *
 * @param known - what its header says, where that very text was read before
 */
export function readShape(bearer: BearerToken, known?: TokenHeader): UnverifiedToken | Refusal {
  const text = bearer.reveal();
  const headerEnd = text.indexOf(".");
  const payloadEnd = text.indexOf(".", headerEnd + 1);
  if (headerEnd < 0 || payloadEnd < 0 || text.indexOf(".", payloadEnd + 1) >= 0) {
    return malformed(text, "it does not have three parts");
  }
  if (headerEnd > MAX_HEADER_CHARACTERS) {
    return malformed(text, `its header is over ${MAX_HEADER_CHARACTERS} characters`);
  }

  const writtenHeader =
    known === undefined ? readObject(decodeBase64Url(text.slice(0, headerEnd)), "header") : undefined;
  if (typeof writtenHeader === "string") return malformed(text, writtenHeader);
  const payload = decodeBase64Url(text.slice(headerEnd + 1, payloadEnd));
  const usual = payload && readWrittenClaims(payload.toString("latin1"));
  const unusual = usual ? undefined : readObject(payload, "payload");
  if (typeof unusual === "string") return malformed(text, unusual);
  const signature = decodeBase64Url(text.slice(payloadEnd + 1));
  if (signature === undefined) return malformed(text, "its signature is not base64url");

  const header = known ?? readHeader(writtenHeader as JsonObject);
  // A kind of token that nobody may use here is told before a `kid` that it lacks.
  if (isRefusal(header) && header.code !== "TOKEN_KEY_ID") return header;
  const family = unusual && refuseFamily(unusual);
  if (family !== undefined) return family;
  if (isRefusal(header)) return header;
  const { algorithm, keyId } = header;
  const signingInput = text.slice(0, payloadEnd);
  const issuer = usual ? usual.iss : own(unusual as JsonObject, "iss");
  const claims = usual ?? readClaims(unusual as JsonObject);
  return { bearer, signingInput, algorithm, keyId, issuer, claims, signature };
}

function readHeader(header: JsonObject): TokenHeader | Refusal {
  const algorithm = own(header, "alg");
  if (!isAlgorithm(algorithm)) {
    return refuse("TOKEN_ALGORITHM", "the token's `alg` is none that kube-apiserver signs with", {
      compared: { actual: describe(algorithm), expected: ALGORITHMS.join(", ") },
    });
  }
  if (Object.hasOwn(header, "typ") && header["typ"] !== "JWT") {
    return refuse("TOKEN_TYPE", "the token's `typ` is neither absent nor JWT", {
      compared: { actual: describe(header["typ"]), expected: "absent or JWT" },
    });
  }
  const bearing = KEY_BEARING_MEMBERS.find((member) => Object.hasOwn(header, member));
  if (bearing !== undefined) {
    return refuse("TOKEN_KEY_EMBEDDED", `the token's header brings a key of its own in \`${bearing}\``);
  }
  const unsupported = UNSUPPORTED_MEMBERS.find((member) => Object.hasOwn(header, member));
  if (unsupported !== undefined) {
    return refuse("TOKEN_HEADER_UNSUPPORTED", `the token's header has \`${unsupported}\`, which is not supported`);
  }
  const keyId = readKeyId(header);
  return isRefusal(keyId) ? keyId : { algorithm, keyId };
}

/** Kinds of token that a cluster issues and nobody may use here. Their marks only refuse; they grant nothing. */
function refuseFamily(claims: JsonObject): Refusal | undefined {
  const flat = Object.keys(claims).some((name) => name.startsWith(LEGACY_CLAIM_PREFIX));
  if (own(claims, "iss") === LEGACY_ISSUER || flat) {
    return refuse(
      "TOKEN_LEGACY",
      "this is a legacy service account token from a Secret: it has no expiry and no audience; " +
        "mount a projected volume (serviceAccountToken with audience and expirationSeconds) and send that token",
    );
  }
  const kubernetes = own(claims, "kubernetes.io");
  if (isJsonObject(kubernetes) && Object.hasOwn(kubernetes, "warnafter")) {
    return refuse(
      "TOKEN_EXTENDED",
      "this is the API server's own token with an extended life of a year (it has `warnafter`); " +
        "mount a projected volume with an audience of its own and send that token",
    );
  }
  return undefined;
}

function readKeyId(header: JsonObject): string | Refusal {
  const keyId = own(header, "kid");
  if (typeof keyId === "string" && keyId !== "" && keyId.length <= MAX_KEY_ID_CHARACTERS) return keyId;
  return refuse("TOKEN_KEY_ID", "the token's `kid` is missing or no usable text", {
    compared: { actual: describe(keyId), expected: `a string of 1 to ${MAX_KEY_ID_CHARACTERS} characters` },
  });
}

function readObject(bytes: Buffer | undefined, part: "header" | "payload"): JsonObject | string {
  if (bytes === undefined) return `its ${part} is not base64url`;
  try {
    const value = parseJsonAsIs(decodeUtf8(bytes));
    return isJsonObject(value) ? value : `its ${part} is not a JSON object`;
  } catch (error) {
    // Both readers throw nothing else, and its message does not quote the token.
    return `its ${part} is refused: ${(error as JsonFault).message}`;
  }
}

/** Strict base64url (RFC 7515 §2): no padding, no white space, not empty, and unused bits zero, so one spelling only. */
function decodeBase64Url(segment: string): Buffer | undefined {
  if (segment === "") return undefined;
  const bytes = Buffer.from(segment, "base64url");
  return bytes.toString("base64url") === segment ? bytes : undefined;
}

function malformed(text: string, fault: string): Refusal {
  return notB64Token(text) ?? refuse("TOKEN_MALFORMED", `the token is not a signed JWT: ${fault}`);
}

/** A header value for the log: short, and never an object's content. */
function describe(value: unknown): string {
  if (value === undefined) return "absent";
  return typeof value === "string" ? JSON.stringify(value.slice(0, 64)) : typeof value;
}
