import type { RefusalCode } from "../../lib/errors.ts";
import type { PublicCode } from "../../lib/gateway/problem.ts";
import type { AskedCall } from "../support/authorizer-events.ts";
import { GATEWAY, ORDERS, type World } from "../support/world.ts";
import type { ForwardCall } from "./forward-events.ts";

/** A call that is refused for one reason, at every surface that can have that reason. */
export interface RefusalCase {
  readonly code: RefusalCode;
  readonly when: string;
  /** What a caller of an HTTP function reads; absent where a function that only identifies cannot refuse so. */
  readonly publicCode?: PublicCode;
  readonly authorization: (world: World) => string | undefined | Promise<string>;
  readonly asked?: Partial<AskedCall>;
}

/** Clusters that the cases need beside dev and staging. */
export const CASE_CLUSTERS = ["disabled", "misplaced", "es384", "unfit", "revoked", "bound"];

/** Stores what the cases are about. */
export function seedCases({ put, register, clusters }: World): void {
  register("disabled", { disabled: true });
  register("misplaced", { url: clusters.cluster("dev").issuer });
  register("es384", { algorithms: ["ES384"] });
  register("unfit", { algorithms: ["ES256", "ES384"] });
  register("revoked", { notBefore: Math.floor(Date.now() / 1000) + 3600 });
  register("bound", { requireBoundPod: true });
  put("apis/closed", { service: "orders", audiences: [ORDERS], principals: ["dev/payments/other", "*/shop/*"] });
  // Services at an address that nothing listens on: whatever is refused is not sent.
  const nowhere = { url: "http://127.0.0.1:1", credential: { type: "none" } };
  put("services/orders", nowhere);
  put("services/closed", { ...nowhere, principals: ["dev/payments/other", "*/shop/*"] });
}

/** Good at either receiver, so that one token serves every surface. */
const BOTH = [ORDERS, GATEWAY];

const forged = (cluster: string, request: Parameters<World["forge"]>[1]) => async (world: World) =>
  `Bearer ${await world.forge(cluster, { ...(request?.family === "legacy" ? {} : { audiences: BOTH }), ...request })}`;
const minted = (cluster: string) => async (world: World) => `Bearer ${await world.mint(cluster, { audiences: BOTH })}`;
const good = minted("dev");

export const REFUSAL_CASES: readonly RefusalCase[] = [
  { code: "TOKEN_MISSING", when: "no header", publicCode: "TOKEN_MISSING", authorization: () => undefined },
  {
    code: "AUTHORIZATION_REPEATED",
    when: "two tokens in one field",
    publicCode: "TOKEN_INVALID",
    authorization: async (world) => `${await good(world)}, ${await good(world)}`,
  },
  {
    code: "AUTHORIZATION_MALFORMED",
    when: "another scheme",
    publicCode: "TOKEN_INVALID",
    authorization: async (world) => (await good(world)).replace("Bearer", "Token"),
  },
  {
    code: "TOKEN_TOO_LARGE",
    when: "8,193 bytes",
    publicCode: "TOKEN_INVALID",
    authorization: () => `Bearer ${"A".repeat(8193)}`,
  },
  {
    code: "TOKEN_MALFORMED",
    when: "the signature is cut off",
    publicCode: "TOKEN_INVALID",
    authorization: async (world) => (await good(world)).replace(/\.[^.]*$/, ""),
  },
  {
    code: "TOKEN_ALGORITHM",
    when: "alg none",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { header: { alg: "none" } }),
  },
  {
    code: "TOKEN_TYPE",
    when: "typ at+jwt",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { header: { typ: "at+jwt" } }),
  },
  {
    code: "TOKEN_HEADER_UNSUPPORTED",
    when: "a crit that names nothing known",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { header: { crit: ["exp"] } }),
  },
  {
    code: "TOKEN_KEY_EMBEDDED",
    when: "jku",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { header: { jku: "https://keys.example.com/jwks" } }),
  },
  {
    code: "TOKEN_LEGACY",
    when: "a token from a Secret",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { family: "legacy" }),
  },
  {
    code: "TOKEN_EXTENDED",
    when: "the API server's own token",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { family: "extended" }),
  },
  {
    code: "TOKEN_KEY_ID",
    when: "no kid",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { header: { kid: null } }),
  },
  {
    code: "ISSUER_MALFORMED",
    when: "an upper-case host",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { claims: { iss: "https://OIDC.example.com/id/1" } }),
  },
  {
    code: "ISSUER_UNKNOWN",
    when: "nobody registered it",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { claims: { iss: "https://oidc.example.com/id/1" } }),
  },
  {
    code: "ISSUER_DOCUMENT_MISMATCH",
    when: "its document says another url",
    publicCode: "TOKEN_INVALID",
    authorization: minted("misplaced"),
  },
  {
    code: "ISSUER_DISABLED",
    when: "its document says so",
    publicCode: "TOKEN_INVALID",
    authorization: minted("disabled"),
  },
  {
    code: "TOKEN_ALGORITHM_NOT_ALLOWED",
    when: "ES256 where the issuer has ES384",
    publicCode: "TOKEN_INVALID",
    authorization: minted("es384"),
  },
  {
    code: "KEY_UNKNOWN",
    when: "a kid that was never published",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { header: { kid: "never-published" } }),
  },
  {
    code: "KEY_UNFIT",
    when: "alg ES384 with a key on P-256",
    publicCode: "TOKEN_INVALID",
    authorization: forged("unfit", { header: { alg: "ES384" } }),
  },
  {
    code: "SIGNATURE_INVALID",
    when: "signed by a key nobody published",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { signedBy: "foreign" }),
  },
  {
    code: "TOKEN_CLAIM_INVALID",
    when: "no exp",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { claims: { exp: null } }),
  },
  {
    code: "SUBJECT_INVALID",
    when: "a node",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { claims: { sub: "system:node:worker-1" } }),
  },
  {
    code: "KUBERNETES_CLAIM_INVALID",
    when: "another namespace than in sub",
    publicCode: "TOKEN_INVALID",
    authorization: forged("dev", { claims: { "kubernetes.io": { namespace: "shop" } } }),
  },
  { code: "API_UNKNOWN", when: "no receiver document", authorization: good, asked: { apiId: "nobodys" } },
  { code: "API_FOREIGN", when: "another account", authorization: good, asked: { account: "210987654321" } },
  { code: "API_FOREIGN", when: "another region", authorization: good, asked: { region: "eu-west-1" } },
  {
    code: "TOKEN_AUDIENCE_MISMATCH",
    when: "for a third receiver",
    publicCode: "TOKEN_AUDIENCE",
    authorization: forged("dev", { audiences: ["other.example.com"] }),
  },
  {
    code: "TOKEN_EXPIRED",
    when: "an hour ago",
    publicCode: "TOKEN_EXPIRED",
    authorization: forged("dev", { family: "expired" }),
  },
  {
    code: "TOKEN_NOT_YET_VALID",
    when: "in an hour",
    publicCode: "TOKEN_NOT_YET_VALID",
    authorization: forged("dev", { family: "not-yet-valid" }),
  },
  {
    code: "TOKEN_LIFETIME_TOO_LONG",
    when: "a day and a second",
    publicCode: "TOKEN_LIFETIME",
    authorization: forged("dev", { ttlSeconds: 86_401 }),
  },
  {
    code: "TOKEN_REVOKED",
    when: "issued before notBefore",
    publicCode: "TOKEN_REVOKED",
    authorization: minted("revoked"),
  },
  {
    code: "TOKEN_NOT_POD_BOUND",
    when: "requireBoundPod, and no pod",
    publicCode: "TOKEN_NOT_BOUND",
    authorization: forged("bound", { claims: { "kubernetes.io": { pod: null, node: null } } }),
  },
  {
    code: "PRINCIPAL_NOT_ADMITTED",
    when: "the API is for others",
    authorization: good,
    asked: { apiId: "closed" },
  },
  { code: "METHOD_UNKNOWN", when: "PURGE", authorization: good, asked: { method: "PURGE" } },
  { code: "PATH_AMBIGUOUS", when: "two slashes", authorization: good, asked: { path: "/v1//orders" } },
  { code: "ACCESS_DENIED", when: "a deny beside an allow", authorization: good, asked: { method: "DELETE" } },
  { code: "ACCESS_NOT_ALLOWED", when: "no rule covers it", authorization: good, asked: { path: "/admin" } },
];

/** A call to an external service that is refused, though the token is good. */
export interface ForwardCase extends Pick<RefusalCase, "code" | "when" | "authorization"> {
  readonly call: Partial<ForwardCall>;
}

/** What only `forward` can refuse, and what it shares with the authorizer once the caller is known. */
export const FORWARD_CASES: readonly ForwardCase[] = [
  { code: "SERVICE_UNKNOWN", when: "no service document", authorization: good, call: { service: "nobodys" } },
  { code: "PRINCIPAL_NOT_ADMITTED", when: "the service is for others", authorization: good, call: {} },
  { code: "METHOD_UNKNOWN", when: "PURGE", authorization: good, call: { service: "orders", method: "PURGE" } },
  {
    code: "PATH_AMBIGUOUS",
    when: "two slashes",
    authorization: good,
    call: { service: "orders", path: "/v1//orders" },
  },
  {
    code: "ACCESS_DENIED",
    when: "a deny beside an allow",
    authorization: good,
    call: { service: "orders", method: "DELETE", path: "/v1/orders" },
  },
  {
    code: "ACCESS_NOT_ALLOWED",
    when: "no rule covers it",
    authorization: good,
    call: { service: "orders", path: "/" },
  },
];
