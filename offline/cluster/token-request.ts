import { quote } from "./api-status.ts";

/** Group and version of the only TokenRequest there is. */
export const TOKEN_REQUEST_API_VERSION = "authentication.k8s.io/v1";

/** What a token is bound to: it ends with that object. Only `kind` and `name` matter to most clients. */
export interface BoundObjectRef {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly name?: string;
  readonly uid?: string;
}

/** A TokenRequest (authentication.k8s.io/v1) as sent. What is not given is not there; nothing is checked but types. */
export interface TokenRequest {
  readonly metadata: { readonly name?: string; readonly namespace?: string; readonly uid?: string };
  readonly spec: {
    readonly audiences?: readonly string[];
    /** Whole seconds. */
    readonly expirationSeconds?: number;
    readonly boundObjectRef?: BoundObjectRef;
  };
}

/** What became of a body: a TokenRequest, and what in it means nothing. */
export interface DecodedTokenRequest {
  readonly request: TokenRequest;
  /** Paths of members that no TokenRequest has. */
  readonly unknown: readonly string[];
}

/** The name of a type (`TypeMeta`) as sent: empty where nothing was. */
export interface TypeName {
  readonly apiVersion: string;
  readonly kind: string;
}

/** A body that is no TokenRequest; the message says why, in kube-apiserver's words. */
export class DecodeFault extends Error {
  override readonly name = "DecodeFault";
  /** Where it could be read. */
  readonly type: TypeName | undefined;

  constructor(why: string, type?: TypeName, options?: ErrorOptions) {
    super(why, options);
    this.type = type;
  }
}

/** Kinds that kube-apiserver knows too, of which it says that they are no TokenRequest: those that are sent by mistake. */
const OTHER_KINDS: ReadonlySet<string> = new Set(
  ["Pod", "Secret", "ServiceAccount", "Node", "ConfigMap", "Namespace"]
    .map((kind) => `v1 ${kind}`)
    .concat(["authentication.k8s.io/v1 TokenReview", "authentication.k8s.io/v1 SelfSubjectReview"]),
);

/**
 * The type with what was left out, which is a TokenRequest's.
 * @throws DecodeFault for any other type
 */
export function tokenRequestType({ apiVersion, kind }: TypeName): TypeName {
  if (apiVersion.split("/").length > 2) throw new DecodeFault(`unexpected GroupVersion string: ${apiVersion}`);
  const type = { apiVersion: apiVersion || TOKEN_REQUEST_API_VERSION, kind: kind || "TokenRequest" };
  if (type.apiVersion === TOKEN_REQUEST_API_VERSION && type.kind === "TokenRequest") return type;
  if (OTHER_KINDS.has(`${type.apiVersion} ${type.kind}`)) {
    const version = type.apiVersion.split("/").at(-1);
    const why = `converting (${version}.${type.kind}) to (authentication.TokenRequest): unknown conversion`;
    throw new DecodeFault(why, type);
  }
  const scheme = 'in scheme "pkg/runtime/scheme.go:110"';
  throw new DecodeFault(
    `no kind ${quote(type.kind)} is registered for version ${quote(type.apiVersion)} ${scheme}`,
    type,
  );
}
