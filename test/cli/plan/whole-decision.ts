import { ParameterNames } from "../../../lib/aws/parameter-names.ts";
import type { StoredDocument } from "../../../lib/document.ts";
import { GatewayError, isRefusal } from "../../../lib/errors.ts";
import { parseStoredKeySet } from "../../../lib/issuer/stored-key-set.ts";
import { parseTrustedIssuer, type TrustedIssuer } from "../../../lib/issuer/trusted-issuer.ts";
import { formatPrincipal } from "../../../lib/names.ts";
import { decide } from "../../../lib/permission/decide.ts";
import { parsePermissionDocument } from "../../../lib/permission/permission-set.ts";
import { isAdmitted } from "../../../lib/permission/principal-pattern.ts";
import { parseRegisteredApi, receiverOfStage } from "../../../lib/permission/receiver.ts";
import { parseExternalService } from "../../../lib/service/external-service.ts";
import type { Texts } from "./killed-apply.ts";

/** A call as far as documents decide about it. */
export interface Call {
  readonly keyId: string;
  readonly issuedAt: number;
  readonly lifetimeSeconds: number;
  readonly isBound: boolean;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audience: string;
  /** Through API Gateway to the API `api`, or by `forward` to the service `orders`. */
  readonly to: "api" | "stage" | "forward";
  readonly method: string;
  readonly path: string;
}

/** By `c/n/s`, for tests of which one will do. */
export const ONE_CALL: Call = {
  keyId: "k1",
  issuedAt: 1,
  lifetimeSeconds: 600,
  isBound: true,
  namespace: "n",
  serviceAccount: "s",
  audience: "a",
  to: "api",
  method: "GET",
  path: "/",
};

const names = new ParameterNames("");

/** By text: the states of one apply share most of their documents. */
const read = new Map<string, unknown>();

function parseOnce<T>(parse: (stored: StoredDocument) => T, name: string, text: string): T {
  const key = `${name} ${text}`;
  if (!read.has(key))
    read.set(
      key,
      attempt(() => parse({ name, text, version: 1, revision: "1" })),
    );
  const known = read.get(key);
  if (known instanceof GatewayError) throw known;
  return known as T;
}

function attempt<T>(parse: () => T): T | GatewayError {
  try {
    return parse();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

/** What is published where: other keys than at the issuer lie at a `jwksURL`. */
function publishedKeys({ jwksURL }: TrustedIssuer): readonly string[] {
  return jwksURL === undefined ? ["k1"] : ["k2"];
}

/**
 * What the call leads to, or `undefined` where it is not let through. The parts are the functions' own; only the token is
 * not real: it is of the issuer `c.example.com`.
 */
export function outcomeOf(state: Texts, call: Call): string | undefined {
  try {
    return decideCall(state, call);
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

function decideCall(state: Texts, call: Call): string | undefined {
  const read = <T>(name: string, parse: (stored: StoredDocument) => T) => {
    const text = state.get(name);
    return text === undefined ? undefined : parseOnce(parse, name, text);
  };
  const issuer = read("issuers/c.example.com", parseTrustedIssuer);
  if (issuer === undefined || issuer.disabled || !acceptsToken(issuer, call)) return undefined;
  const stored = read("keys/c.example.com", parseStoredKeySet);
  const keys =
    issuer.keys === "static" ? [...(stored?.source === "static" ? stored.keys.keys() : [])] : publishedKeys(issuer);
  if (!keys.includes(call.keyId)) return undefined;

  const principal = { cluster: issuer.cluster, namespace: call.namespace, serviceAccount: call.serviceAccount };
  const api = call.to === "forward" ? undefined : read("apis/api", parseRegisteredApi);
  const receiver = api && receiverOfStage(api, call.to);
  if (call.to !== "forward") {
    if (receiver === undefined || !receiver.audiences.includes(call.audience)) return undefined;
    if (receiver.principals !== undefined && !isAdmitted(principal, receiver.principals)) return undefined;
  }
  const documents = names
    .permissions(principal, issuer.group)
    .flatMap((name) => read(name.slice(1), parsePermissionDocument) ?? []);
  const access = { service: receiver?.service ?? "orders", method: call.method, path: call.path };
  if (isRefusal(decide({ documents }, access))) return undefined;
  if (call.to !== "forward") return `${formatPrincipal(principal)} calls ${access.service}`;
  const service = read("services/orders", parseExternalService);
  if (service === undefined) return undefined;
  if (service.principals !== undefined && !isAdmitted(principal, service.principals)) return undefined;
  return `${formatPrincipal(principal)} calls ${service.url} ${JSON.stringify(service.credential)}`;
}

function acceptsToken(issuer: TrustedIssuer, call: Call): boolean {
  return (
    issuer.algorithms.includes("ES256") &&
    call.lifetimeSeconds <= issuer.maxTokenLifetimeSeconds &&
    call.issuedAt >= (issuer.notBefore ?? 0) &&
    (call.isBound || !issuer.requireBoundPod)
  );
}
