import * as v from "valibot";
import { strictDocument } from "../document.ts";
import { isJsonObject } from "../json.ts";
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

function text(problem: string, isAllowed: (text: string) => boolean) {
  return v.pipe(v.string("is not a string"), v.check(isAllowed, problem));
}

const secret = text(
  "is not a name of 1 to 64 characters out of A-Z a-z 0-9 _ . -, not dots alone",
  (name) => /^[A-Za-z0-9_.-]{1,64}$/.test(name) && !/^\.+$/.test(name),
);

const CREDENTIALS: { readonly [Type in CredentialDocument["type"]]: v.GenericSchema<unknown, CredentialDocument> } = {
  none: strictDocument({ type: v.literal("none") }),
  header: strictDocument({
    type: v.literal("header"),
    name: text(
      "is not a header's name of at most 64 characters, or is one that the connection needs",
      (name) => name.length <= 64 && isFieldName(name) && !isReserved(name),
    ),
    value: text(
      "is not printable ASCII of at most 1,024 characters with {secret} in it",
      (value) => /^[ -~]{1,1024}$/.test(value) && value.includes("{secret}"),
    ),
    secret,
  }),
  basic: strictDocument({
    type: v.literal("basic"),
    username: text(
      "is not a user name of at most 256 characters without colon and control characters (RFC 7617)",
      (username) => /^[^:\p{Cc}\p{Cs}]{0,256}$/u.test(username),
    ),
    secret,
  }),
  "oauth2-client-credentials": strictDocument({
    type: v.literal("oauth2-client-credentials"),
    tokenURL: text("is not a URL `https://host/path` without user and fragment", isTokenUrl),
    clientId: text("is not 1 to 256 printable ASCII characters (RFC 6749)", (id) => /^[ -~]{1,256}$/.test(id)),
    secret,
    scope: v.optional(
      text(
        "is not a list of scopes with one space between them, at most 1,024 characters (RFC 6749)",
        // RFC 6749 §3.3: printable ASCII without `"` and `\`.
        (scope) => scope.length <= 1024 && /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/.test(scope),
      ),
    ),
  }),
  "aws-sigv4": strictDocument({
    type: v.literal("aws-sigv4"),
    region: text("is not a region's name", (region) => /^[a-z0-9-]{1,32}$/.test(region)),
    signingName: text(
      `is not a service's signing name in lower case, or one of ${REFUSED_SIGNING_NAMES.join(", ")}, which are refused`,
      (name) => /^[a-z0-9-]{1,64}$/.test(name) && !REFUSED_SIGNING_NAMES.includes(name),
    ),
    roleArn: text("is not the ARN of an IAM role", (arn) =>
      /^arn:aws[a-z-]{0,16}:iam::[0-9]{12}:role\/[A-Za-z0-9+=,.@_/-]{1,576}$/.test(arn),
    ),
  }),
};

/** For a type that is none of them: its other members cannot be judged. */
const unknownType: v.GenericSchema<unknown, CredentialDocument> = v.looseObject(
  { type: v.custom<never>(isCredentialType, `is none of ${Object.keys(CREDENTIALS).join(", ")}`) },
  "is missing",
);

/** The member `credential` of a service document: `type` says which other members there may be. */
export const credentialDocument = v.pipe(
  v.unknown(),
  v.check(isJsonObject, "is not an object"),
  v.lazy((credential): v.GenericSchema<unknown, CredentialDocument> => {
    const type = isJsonObject(credential) ? credential["type"] : undefined;
    return isCredentialType(type) ? CREDENTIALS[type] : unknownType;
  }),
);

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
