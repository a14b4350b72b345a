import { type KeyObject, randomUUID, verify } from "node:crypto";
import { API, AUDIENCE, CONTEXT, PREFIX, STAGE_ARN } from "./fixture.ts";

/**
 * The limit: what the same work costs where nothing else is done. A verifier for tokens of one kind in plain
 * `node:crypto`, and an authorizer around it: event in, rules, policy out, one line of audit. No cache, no age, no
 * bound, no code for a refusal, and nothing that only a hostile token makes necessary.
 */
export type PlainKeys = ReadonlyMap<string, ReadonlyMap<string, KeyObject>>;

export interface PlainClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nbf: number;
  readonly jti: string;
  readonly "kubernetes.io": {
    readonly namespace: string;
    readonly serviceaccount: { readonly name: string; readonly uid: string };
    readonly pod?: { readonly name: string; readonly uid: string };
  };
}

const SUBJECT = /^system:serviceaccount:([a-z0-9-]{1,63}):([a-z0-9.-]{1,253})$/;

/** The claims and the key id of a good token, or `undefined`. */
export function verifyPlainly(token: string, keys: PlainKeys): { claims: PlainClaims; keyId: string } | undefined {
  const headerEnd = token.indexOf(".");
  const payloadEnd = token.indexOf(".", headerEnd + 1);
  if (headerEnd < 0 || payloadEnd < 0) return undefined;
  const header = parsePart(token.slice(0, headerEnd)) as { alg?: string; kid?: string };
  if (header.alg !== "RS256" && header.alg !== "ES256") return undefined;
  const claims = parsePart(token.slice(headerEnd + 1, payloadEnd)) as PlainClaims;
  const key = keys.get(claims.iss)?.get(header.kid ?? "");
  if (key === undefined) return undefined;
  const signature = Buffer.from(token.slice(payloadEnd + 1), "base64url");
  const made = header.alg === "ES256" ? toDer(signature) : signature;
  if (!verify("sha256", Buffer.from(token.slice(0, payloadEnd), "latin1"), key, made)) return undefined;

  const now = Date.now() / 1000;
  if (!claims.aud.includes(AUDIENCE) || !(now < claims.exp + 30) || !(claims.nbf <= now + 30)) return undefined;
  if (!(claims.iat <= now + 30) || claims.exp - claims.iat > 86_400) return undefined;
  const [, namespace, name] = SUBJECT.exec(claims.sub) ?? [];
  const kubernetes = claims["kubernetes.io"];
  if (namespace === undefined || kubernetes.namespace !== namespace || kubernetes.serviceaccount.name !== name) {
    return undefined;
  }
  return { claims, keyId: header.kid ?? "" };
}

function parsePart(part: string): unknown {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}

/** r and s of P-256 as the two INTEGERs of a DER SEQUENCE. */
export function toDer(signature: Buffer): Buffer {
  const r = integer(signature.subarray(0, 32));
  const s = integer(signature.subarray(32));
  return Buffer.concat([Buffer.from([0x30, r.length + s.length]), r, s]);
}

function integer(bytes: Buffer): Buffer {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const digits = bytes.subarray(from);
  const padding = (digits[0] ?? 0) >= 0x80 ? [0] : [];
  return Buffer.concat([Buffer.from([2, digits.length + padding.length, ...padding]), digits]);
}

export interface PlainRule {
  readonly methods: readonly string[];
  readonly paths: readonly string[];
}

/** What stands behind the verification, the same for the plain handler and for every peer. */
export class PlainAnswers {
  readonly #byPrincipal = new Map<string, { readonly rules: readonly CompiledRule[]; readonly policy: object }>();
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  grant(principal: string, rules: readonly PlainRule[]): void {
    const resources = rules.flatMap(({ methods, paths }) =>
      methods.flatMap((method) => paths.map((path) => `${STAGE_ARN}/${method}${path}`)),
    );
    const statement = { Effect: "Allow", Action: "execute-api:Invoke", Resource: resources };
    this.#byPrincipal.set(principal, {
      rules: rules.flatMap(({ methods, paths }, index) =>
        paths.map((path) => ({
          methods,
          pattern: new RegExp(
            `^${path
              .replace(/[.+^$()|[\]\\{}]/g, "\\$&")
              .replaceAll("*", ".*")
              .replaceAll("?", ".")}$`,
            "s",
          ),
          origin: `${PREFIX}/permissions/${principal}#allow[${index}]`,
        })),
      ),
      policy: { Version: "2012-10-17", Statement: [statement] },
    });
  }

  answer(arn: string, claims: PlainClaims, keyId: string, startedAt: number): object {
    const [, , namespace = "", serviceAccount = ""] = claims.sub.split(":");
    const principal = `prod/${namespace}/${serviceAccount}`;
    const operation = arn.slice(STAGE_ARN.length + 1);
    const slash = operation.indexOf("/");
    const method = operation.slice(0, slash);
    const path = decodeURIComponent(operation.slice(slash));
    const granted = this.#byPrincipal.get(principal);
    const rule = granted?.rules.find(({ methods, pattern }) => methods.includes(method) && pattern.test(path));
    if (granted === undefined || rule === undefined) throw new Error("Unauthorized");
    const decisionId = randomUUID();
    const now = Date.now();
    const pod = claims["kubernetes.io"].pod?.name;
    this.#write(
      JSON.stringify({
        type: "decision",
        decisionId,
        time: new Date(startedAt).toISOString(),
        durationMs: now - startedAt,
        function: CONTEXT.functionName,
        apiId: API,
        stage: STAGE,
        outcome: "allow",
        code: "ALLOWED",
        rule: rule.origin,
        access: { service: "orders", method, path },
        principal,
        subject: claims.sub,
        pod,
        audience: AUDIENCE,
        issuer: claims.iss,
        keyId,
        tokenId: claims.jti,
        issuedAt: claims.iat,
        expiresAt: claims.exp,
        documents: DOCUMENTS,
        prefix: PREFIX,
        _aws: { Timestamp: now, CloudWatchMetrics: METRICS },
        Decisions: 1,
      }),
    );
    return {
      principalId: principal,
      policyDocument: granted.policy,
      context: {
        principal,
        cluster: "prod",
        namespace,
        serviceAccount,
        subject: claims.sub,
        pod,
        audience: AUDIENCE,
        expiresAt: claims.exp,
        decisionId,
      },
    };
  }
}

const STAGE = STAGE_ARN.slice(STAGE_ARN.lastIndexOf("/") + 1);

/** As podgate's records name what took part and what CloudWatch shall count: its line is as long. */
const DOCUMENTS = [
  "issuers/oidc.eks.eu-central-1.amazonaws.com/id/70726F64",
  `apis/${API}`,
  "permissions/prod/payments/billing",
].map((name) => ({ name: `${PREFIX}/${name}`, version: 1 }));
const METRICS = [
  {
    Namespace: "podgate",
    Dimensions: [
      ["prefix", "outcome"],
      ["function", "outcome"],
      ["function", "outcome", "code"],
    ],
    Metrics: [{ Name: "Decisions", Unit: "Count" }],
  },
];

interface CompiledRule {
  readonly methods: readonly string[];
  readonly pattern: RegExp;
  readonly origin: string;
}

interface RestEvent {
  readonly methodArn: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The plainest authorizer that does the whole thing. */
export function plainHandler(keys: PlainKeys, answers: PlainAnswers) {
  return async (event: RestEvent): Promise<object> => {
    const startedAt = Date.now();
    const verified = verifyPlainly(bearerOf(event), keys);
    if (verified === undefined) throw new Error("Unauthorized");
    return answers.answer(event.methodArn, verified.claims, verified.keyId, startedAt);
  };
}

export function bearerOf({ headers }: RestEvent): string {
  return (headers["Authorization"] ?? "").slice("Bearer ".length);
}
