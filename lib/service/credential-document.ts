import { inside, missing, object, oneOf, optional, type Reader, text, value, wrong } from "../document-reader.ts";
import { isJsonObject, own } from "../json.ts";
import { isFieldName, isReserved } from "./forwarded-headers.ts";

/** Names a parameter of the service's own folder, `secrets/<service>/<secret>`, and no other. */
type SecretName = string;

export interface NoCredential {
  readonly type: "none";
}

export interface HeaderCredential {
  readonly type: "header";
  /** As the document spells it. */
  readonly name: string;
  /** Printable ASCII with `{secret}` in it, at least once. */
  readonly value: string;
  readonly secret: SecretName;
}

/** RFC 7617. The secret is the password. */
export interface BasicCredential {
  readonly type: "basic";
  /** May be empty; holds no colon. */
  readonly username: string;
  readonly secret: SecretName;
}

/** RFC 6749 §4.4. The secret is the client's. */
export interface OAuth2ClientCredential {
  readonly type: "oauth2-client-credentials";
  readonly tokenURL: string;
  readonly clientId: string;
  readonly secret: SecretName;
  readonly scope?: string | undefined;
}

/** Signature Version 4 with a session of a role, which is assumed for each principal. */
export interface AwsCredential {
  readonly type: "aws-sigv4";
  readonly region: string;
  readonly signingName: string;
  readonly roleArn: string;
}

export type CredentialDocument =
  | NoCredential
  | HeaderCredential
  | BasicCredential
  | OAuth2ClientCredential
  | AwsCredential;

/** What a signature for them would open is the account itself, or podgate's own parameters. */
const REFUSED_SIGNING_NAMES: readonly string[] = ["sts", "iam", "kms", "ssm", "lambda"];

const secret = text(
  (name) => /^[A-Za-z0-9_.-]{1,64}$/.test(name) && !/^\.+$/.test(name),
  "is not a name of 1 to 64 characters out of A-Z a-z 0-9 _ . -, not dots alone",
);

function type<Type extends CredentialDocument["type"]>(type: Type): Reader<Type> {
  return oneOf([type], `is not ${type}`);
}

const CREDENTIALS: { readonly [Type in CredentialDocument["type"]]: Reader<CredentialDocument> } = {
  none: object({ type: type("none") }),
  header: object({
    type: type("header"),
    name: text(
      (name) => name.length <= 64 && isFieldName(name) && !isReserved(name),
      "is not a header's name of at most 64 characters, or is one that the connection needs",
    ),
    value: text(
      (value) => /^[ -~]{1,1024}$/.test(value) && value.includes("{secret}"),
      "is not printable ASCII of at most 1,024 characters with {secret} in it",
    ),
    secret,
  }),
  basic: object({
    type: type("basic"),
    username: text(
      (username) => /^[^:\p{Cc}\p{Cs}]{0,256}$/u.test(username),
      "is not a user name of at most 256 characters without colon and control characters (RFC 7617)",
    ),
    secret,
  }),
  "oauth2-client-credentials": object({
    type: type("oauth2-client-credentials"),
    tokenURL: text(isTokenUrl, "is not a URL `https://host/path` without user and fragment"),
    clientId: text((id) => /^[ -~]{1,256}$/.test(id), "is not 1 to 256 printable ASCII characters (RFC 6749)"),
    secret,
    scope: optional(
      text(
        // RFC 6749 §3.3: printable ASCII without `"` and `\`.
        (scope) => scope.length <= 1024 && /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/.test(scope),
        "is not a list of scopes with one space between them, at most 1,024 characters (RFC 6749)",
      ),
    ),
  }),
  "aws-sigv4": object({
    type: type("aws-sigv4"),
    region: text((region) => /^[a-z0-9-]{1,32}$/.test(region), "is not a region's name"),
    signingName: text(
      (name) => /^[a-z0-9-]{1,64}$/.test(name) && !REFUSED_SIGNING_NAMES.includes(name),
      `is not a service's signing name in lower case, or one of ${REFUSED_SIGNING_NAMES.join(", ")}, which are refused`,
    ),
    roleArn: text(
      (arn) => /^arn:aws[a-z-]{0,16}:iam::[0-9]{12}:role\/[A-Za-z0-9+=,.@_/-]{1,576}$/.test(arn),
      "is not the ARN of an IAM role",
    ),
  }),
};

const unknownType = value(isCredentialType, `is none of ${Object.keys(CREDENTIALS).join(", ")}`);

/** The member `credential` of a service document: `type` says which other members there may be. */
export const credentialDocument: Reader<CredentialDocument> = (credential, reading) => {
  if (!isJsonObject(credential)) return wrong(reading, "is not an object");
  const type = own(credential, "type");
  if (isCredentialType(type)) return CREDENTIALS[type](credential, reading);
  // The other members of a type that is none of them cannot be judged.
  return inside("type", type, Object.hasOwn(credential, "type") ? unknownType : missing, reading) as never;
};

function isCredentialType(type: unknown): type is CredentialDocument["type"] {
  return typeof type === "string" && Object.hasOwn(CREDENTIALS, type);
}

/** A query is allowed, a fragment is not (RFC 6749 §3.2). Plain http is judged where the connection is made. */
function isTokenUrl(value: string): boolean {
  const url = URL.parse(value);
  return (
    url !== null &&
    (url.protocol === "https:" || url.protocol === "http:") &&
    url.username === "" &&
    url.password === "" &&
    /^[!-~]{1,2048}$/.test(value) &&
    !value.includes("#")
  );
}
