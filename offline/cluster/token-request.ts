import { badRequest, quote, unsupportedMediaType } from "./api-status.ts";

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

type Decode = (body: Buffer) => TokenRequest;

/** How a body becomes a TokenRequest, by media type. */
const DECODERS: ReadonlyMap<string, Decode> = new Map([["application/json", decodeJson]]);

/**
 * The TokenRequest in a request's body. No `Content-Type` means JSON, as for kube-apiserver.
 * @throws ApiStatus 415 for another media type; 400 for a body that is no TokenRequest of authentication.k8s.io/v1
 */
export function decodeTokenRequest(contentType: string | undefined, body: Buffer): TokenRequest {
  const mediaType = (contentType ?? "application/json").split(";", 1).join("").trim().toLowerCase();
  const decode = DECODERS.get(mediaType);
  if (decode === undefined) throw unsupportedMediaType([...DECODERS.keys()]);
  return decode(body);
}

type Json = Readonly<Record<string, unknown>>;

function decodeJson(body: Buffer): TokenRequest {
  const object = parseObject(body);
  const { apiVersion = TOKEN_REQUEST_API_VERSION, kind = "TokenRequest" } = strings(object, "TokenRequest", [
    "apiVersion",
    "kind",
  ]);
  if (apiVersion !== TOKEN_REQUEST_API_VERSION || kind !== "TokenRequest") {
    const why = `no kind ${quote(kind)} is registered for version ${quote(apiVersion)}`;
    // kube-apiserver names the version without its group here.
    throw unfit(why, kind, apiVersion.split("/").at(-1) ?? "");
  }

  const metadata = member(object, "metadata", "object", "TokenRequest") ?? {};
  const spec = member(object, "spec", "object", "TokenRequest") ?? {};
  const bound = member(spec, "boundObjectRef", "object", "TokenRequestSpec.spec");
  const audiences = member(spec, "audiences", "array", "TokenRequestSpec.spec");
  const expirationSeconds = member(spec, "expirationSeconds", "integer", "TokenRequestSpec.spec");
  return {
    metadata: strings(metadata, "ObjectMeta.metadata", ["name", "namespace", "uid"]),
    spec: {
      ...(audiences === undefined ? {} : { audiences: audiences.map(audience) }),
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
      ...(bound === undefined
        ? {}
        : {
            boundObjectRef: strings(bound, "BoundObjectReference.spec.boundObjectRef", [
              "kind",
              "apiVersion",
              "name",
              "uid",
            ]),
          }),
    },
  };
}

function parseObject(body: Buffer): Json {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw unrecognized("invalid JSON");
  }
  if (!isObject(value)) throw unrecognized(`cannot unmarshal ${typeName(value)} into an object`);
  return value;
}

/** Those of `names` that are there and not empty, which Go does not tell apart. `at`: as Go names the struct. */
function strings<Name extends string>(object: Json, at: string, names: readonly Name[]): { [K in Name]?: string } {
  const found: { [K in Name]?: string } = {};
  for (const name of names) {
    const value = member(object, name, "string", at);
    if (value !== undefined && value !== "") found[name] = value;
  }
  return found;
}

interface Types {
  readonly string: string;
  readonly integer: number;
  readonly array: readonly unknown[];
  readonly object: Json;
}
const GO_TYPES = { string: "string", integer: "int64", array: "[]string", object: "struct" } as const;

/** A member of the wanted type; `null` counts as absent, as Go decodes it. */
function member<T extends keyof Types>(object: Json, name: string, type: T, at: string): Types[T] | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (!isOf(type, value)) {
    const got = typeof value === "number" ? `number ${value}` : typeName(value);
    throw unfit(`json: cannot unmarshal ${got} into Go struct field ${at}.${name} of type ${GO_TYPES[type]}`);
  }
  return value;
}

function isOf<T extends keyof Types>(type: T, value: unknown): value is Types[T] {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  return type === "object" ? isObject(value) : typeof value === type;
}

function audience(value: unknown): string {
  if (typeof value === "string") return value;
  throw unfit(
    `json: cannot unmarshal ${typeName(value)} into Go struct field TokenRequestSpec.spec.audiences of type string`,
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
}

function unfit(why: string, kind = "TokenRequest", version = "v1"): Error {
  return badRequest(`${kind} in version ${quote(version)} cannot be handled as a TokenRequest: ${why}`);
}

function unrecognized(why: string): Error {
  return badRequest(
    `the object provided is unrecognized (must be of type TokenRequest): couldn't get version/kind; json parse error: ${why}`,
  );
}
