import { randomBytes, randomUUID } from "node:crypto";
import type { ReceivedRequest } from "./received-request.ts";
import { type SigningKey, verifySigV4 } from "./sigv4.ts";
import { type AssumeRole, readAssumeRole, StsError } from "./sts-request.ts";

/** Where it is in the sample service: `AWS_ENDPOINT_URL_STS` is its URL and this. */
export const STS_PATH = "/_sts";

/** The credentials of functions offline: the one caller that STS knows. */
const CALLER: SigningKey & { readonly accessKeyId: string } = { accessKeyId: "offline", secretAccessKey: "offline" };

const ACCOUNT = "123456789012";
const REGION = "us-east-1";

/** What a role session says of itself. */
export interface RoleSession extends SigningKey {
  readonly role: string;
  readonly sessionName: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly expiresAt: number;
}

export interface XmlAnswer {
  readonly status: number;
  readonly xml: string;
}

/**
 * The part of AWS STS that gives out role sessions: `AssumeRole` of the query protocol, 2011-06-15, signed by the caller.
 * Roles named `podgate-…` of the account 123456789012 may be assumed; any other is AccessDenied, as where no trust policy
 * names the caller.
 */
export class SecurityTokens {
  readonly #sessions = new Map<string, RoleSession>();
  readonly #clock: () => number;

  /** @param clock - epoch seconds */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** The session of an access key, expired ones too. */
  session(accessKeyId: string): RoleSession | undefined {
    return this.#sessions.get(accessKeyId);
  }

  revokeAll(): void {
    this.#sessions.clear();
  }

  answer(request: ReceivedRequest): XmlAnswer {
    try {
      this.#authenticate(request);
      return { status: 200, xml: this.#assume(readAssumeRole(request)) };
    } catch (error) {
      if (error instanceof StsError) return { status: error.status, xml: errorXml(error) };
      throw error;
    }
  }

  #authenticate(request: ReceivedRequest): void {
    const outcome = verifySigV4(request, {
      region: REGION,
      service: "sts",
      now: this.#clock(),
      keyOf: (accessKeyId) => (accessKeyId === CALLER.accessKeyId ? CALLER : undefined),
    });
    if (!("fault" in outcome)) return;
    throw new StsError(CODES[outcome.fault], outcome.message, 403);
  }

  #assume({ roleArn, sessionName, durationSeconds, tags }: AssumeRole): string {
    const role = new RegExp(`^arn:aws:iam::${ACCOUNT}:role/(?:[^/]+/)*(podgate-[^/]+)$`).exec(roleArn)?.[1];
    if (role === undefined) {
      const caller = `arn:aws:iam::${ACCOUNT}:user/${CALLER.accessKeyId}`;
      throw new StsError("AccessDenied", `${caller} is not authorized to perform: sts:AssumeRole on ${roleArn}`, 403);
    }
    const accessKeyId = `ASIA${randomText(16)}`;
    const expiresAt = Math.floor(this.#clock()) + durationSeconds;
    const secretAccessKey = randomBytes(30).toString("base64");
    const sessionToken = randomBytes(120).toString("base64");
    this.#sessions.set(accessKeyId, { role: roleArn, sessionName, tags, secretAccessKey, sessionToken, expiresAt });
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
    return `<AssumeRoleResponse xmlns="${NAMESPACE}">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>AROA${randomText(17)}:${sessionName}</AssumedRoleId>
      <Arn>arn:aws:sts::${ACCOUNT}:assumed-role/${escaped(role)}/${sessionName}</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>${accessKeyId}</AccessKeyId>
      <SecretAccessKey>${secretAccessKey}</SecretAccessKey>
      <SessionToken>${sessionToken}</SessionToken>
      <Expiration>${new Date(expiresAt * 1000).toISOString().replace(".000Z", "Z")}</Expiration>
    </Credentials>
    <PackedPolicySize>0</PackedPolicySize>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>
</AssumeRoleResponse>
`;
  }
}

const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";
const MAX_SESSIONS = 1000;

/** How STS words what other services call otherwise. */
const CODES = {
  MissingAuthenticationToken: "MissingAuthenticationToken",
  IncompleteSignature: "IncompleteSignature",
  InvalidSignatureException: "SignatureDoesNotMatch",
  UnrecognizedClientException: "InvalidClientTokenId",
  ExpiredTokenException: "ExpiredToken",
} as const;

function errorXml(error: StsError): string {
  return `<ErrorResponse xmlns="${NAMESPACE}">
  <Error><Type>Sender</Type><Code>${error.code}</Code><Message>${escaped(error.message)}</Message></Error>
  <RequestId>${randomUUID()}</RequestId>
</ErrorResponse>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Of the letters and digits that access keys are made of. */
function randomText(length: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join("");
}
