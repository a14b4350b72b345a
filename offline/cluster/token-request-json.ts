import {
  type BoundObjectRef,
  type DecodedTokenRequest,
  DecodeFault,
  type TypeName,
  tokenRequestType,
} from "./token-request.ts";

type Json = Readonly<Record<string, unknown>>;

/** A JSON body. @throws DecodeFault */
export function readJson(body: Buffer): DecodedTokenRequest {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new DecodeFault(`couldn't get version/kind; json parse error: ${syntaxError(error)}`, undefined, {
      cause: error,
    });
  }
  return readValue(value);
}

/**
 * What JSON or YAML said. Members of another case than Kubernetes' are not its members, and `null` is absence.
 * @throws DecodeFault with the messages of Go's encoding/json
 */
export function readValue(value: unknown): DecodedTokenRequest {
  const object = value ?? {};
  if (!isObject(object)) {
    throw new DecodeFault(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${typeName(object)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const type = tokenRequestType(typeNameOf(object));
  const reader = new MemberReader(type);
  const metadata = reader.member(object, "metadata", "object", "TokenRequest", "v1.ObjectMeta") ?? {};
  const spec = reader.member(object, "spec", "object", "TokenRequest", "v1.TokenRequestSpec") ?? {};
  const at = "TokenRequestSpec.spec";
  const bound = reader.member(spec, "boundObjectRef", "object", at, "v1.BoundObjectReference");
  const audiences = reader.member(spec, "audiences", "array", at, "[]string");
  const expirationSeconds = reader.member(spec, "expirationSeconds", "integer", at, "int64");
  const request = {
    metadata: reader.strings(metadata, "ObjectMeta.metadata", ["name", "namespace", "uid"]),
    spec: {
      ...(audiences === undefined ? {} : { audiences: audiences.map((each) => reader.audience(each)) }),
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
      ...(bound === undefined ? {} : { boundObjectRef: boundObject(reader, bound) }),
    },
  };
  return { request, unknown: unknownMembers(object) };
}

function boundObject(reader: MemberReader, bound: Json): BoundObjectRef {
  return reader.strings(bound, "BoundObjectReference.spec.boundObjectRef", ["kind", "apiVersion", "name", "uid"]);
}

/** Read before everything else, because it says how to read that. */
function typeNameOf(object: Json): TypeName {
  const text = (name: string): string => {
    const value = own(object, name) ?? "";
    if (typeof value === "string") return value;
    throw new DecodeFault(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${typeName(value)} into Go struct field .${name} of type string`,
    );
  };
  return { apiVersion: text("apiVersion"), kind: text("kind") };
}

interface Types {
  readonly string: string;
  readonly integer: number;
  readonly array: readonly unknown[];
  readonly object: Json;
}

/** Members of the wanted type. `at`: as Go names the struct that they are in. */
class MemberReader {
  readonly #type: TypeName;

  constructor(type: TypeName) {
    this.#type = type;
  }

  member<T extends keyof Types>(object: Json, name: string, type: T, at: string, goType: string): Types[T] | undefined {
    const value = own(object, name);
    if (value === undefined || isOf(type, value)) return value;
    const got = type === "integer" && typeof value === "number" ? `number ${numberText(value)}` : typeName(value);
    throw this.#fault(got, `${at}.${name}`, goType);
  }

  /** Those of `names` that are there and not empty, which Go does not tell apart. */
  strings<Name extends string>(object: Json, at: string, names: readonly Name[]): { [K in Name]?: string } {
    const found: { [K in Name]?: string } = {};
    for (const name of names) {
      const value = this.member(object, name, "string", at, name === "uid" ? "types.UID" : "string");
      if (value !== undefined && value !== "") found[name] = value;
    }
    return found;
  }

  /** One of the list; `null` is the empty text there. */
  audience(value: unknown): string {
    if (value === null) return "";
    if (typeof value === "string") return value;
    throw this.#fault(typeName(value), "TokenRequestSpec.spec.audiences", "string");
  }

  #fault(got: string, where: string, goType: string): DecodeFault {
    return new DecodeFault(`json: cannot unmarshal ${got} into Go struct field ${where} of type ${goType}`, this.#type);
  }
}

/** Every member of a TokenRequest and of what is in it, as far as Kubernetes looks (its ObjectMeta holds maps and lists too). */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  "": ["apiVersion", "kind", "metadata", "spec", "status"],
  "metadata.": [
    ...["name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp"],
    ...["deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers"],
    "managedFields",
  ],
  "spec.": ["audiences", "expirationSeconds", "boundObjectRef"],
  "spec.boundObjectRef.": ["kind", "apiVersion", "name", "uid"],
  "status.": ["token", "expirationTimestamp"],
};

function unknownMembers(object: Json, path = ""): readonly string[] {
  return Object.entries(object).flatMap(([name, value]) => {
    if (!MEMBERS[path]?.includes(name)) return [`${path}${name}`];
    const inside = `${path}${name}.`;
    return isObject(value) && MEMBERS[inside] !== undefined ? unknownMembers(value, inside) : [];
  });
}

function own(object: Json, name: string): unknown {
  return (Object.hasOwn(object, name) ? object[name] : undefined) ?? undefined;
}

function isOf<T extends keyof Types>(type: T, value: unknown): value is Types[T] {
  if (type === "integer") return Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 63;
  if (type === "array") return Array.isArray(value);
  return type === "object" ? isObject(value) : typeof value === type;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
}

function numberText(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

/** Go's words for an end that came too early; what else is no JSON is not explained as Go explains it. */
function syntaxError(error: unknown): string {
  const early = error instanceof SyntaxError && error.message.startsWith("Unexpected end of JSON input");
  return early ? "unexpected end of JSON input" : "invalid JSON";
}
