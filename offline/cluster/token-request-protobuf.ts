import protobuf from "protobufjs/minimal.js";
import {
  type DecodedTokenRequest,
  DecodeFault,
  type TokenRequest,
  type TypeName,
  tokenRequestType,
} from "./token-request.ts";

/** Wire types (https://protobuf.dev/programming-guides/encoding). */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** `k8s` and a zero byte: what every protobuf body of Kubernetes begins with (apimachinery serializer/protobuf). */
const MAGIC = Buffer.from("k8s\0");

/** A body of `application/vnd.kubernetes.protobuf`: a TokenRequest in a `runtime.Unknown`. @throws DecodeFault */
export function readProtobuf(body: Buffer): DecodedTokenRequest {
  const { raw, kind, apiVersion } = readEnvelope(body);
  // One that cannot be parsed counts as none here, other than in JSON (apimachinery's FromAPIVersionAndKind).
  const type = tokenRequestType({ kind, apiVersion: apiVersion.split("/").length > 2 ? "" : apiVersion });
  try {
    return { request: readTokenRequest(raw), unknown: [] };
  } catch (error) {
    if (error instanceof DecodeFault) throw new DecodeFault(error.message, type, { cause: error });
    throw error;
  }
}

interface Envelope extends TypeName {
  /** The object itself, by `readTokenRequest`. */
  readonly raw: Uint8Array;
}

/**
 * What surrounds every object in `application/vnd.kubernetes.protobuf`: `runtime.Unknown`, behind the magic number.
 * @throws DecodeFault
 */
function readEnvelope(body: Uint8Array): Envelope {
  if (body.length === 0) throw new DecodeFault("empty data");
  if (!MAGIC.equals(body.subarray(0, MAGIC.length))) {
    throw new DecodeFault(
      `provided data does not appear to be a protobuf message, expected prefix [${[...MAGIC].join(" ")}]`,
    );
  }
  if (body.length === MAGIC.length) throw new DecodeFault("empty body");

  const envelope = { apiVersion: "", kind: "", raw: new Uint8Array() as Uint8Array };
  readMessage(body.subarray(MAGIC.length), {
    1: message("TypeMeta", {
      1: text("APIVersion", (value) => {
        envelope.apiVersion = value;
      }),
      2: text("Kind", (value) => {
        envelope.kind = value;
      }),
    }),
    2: bytes("Raw", (value) => {
      envelope.raw = value;
    }),
    3: text("ContentEncoding"),
    4: text("ContentType"),
  });
  return envelope;
}

/**
 * A TokenRequest (k8s.io/api/authentication/v1/generated.proto) without its type. Fields that nothing here looks at are skipped.
 * @throws DecodeFault
 */
function readTokenRequest(raw: Uint8Array): TokenRequest {
  const metadata = { name: "", namespace: "", uid: "" };
  const ref = { kind: "", apiVersion: "", name: "", uid: "" };
  const audiences: string[] = [];
  let bound = false;
  let expirationSeconds: number | undefined;
  readMessage(raw, {
    1: message("ObjectMeta", {
      1: text("Name", (value) => {
        metadata.name = value;
      }),
      3: text("Namespace", (value) => {
        metadata.namespace = value;
      }),
      5: text("UID", (value) => {
        metadata.uid = value;
      }),
    }),
    2: message("Spec", {
      1: text("Audiences", (value) => {
        audiences.push(value);
      }),
      3: message(
        "BoundObjectRef",
        {
          1: text("Kind", (value) => {
            ref.kind = value;
          }),
          2: text("APIVersion", (value) => {
            ref.apiVersion = value;
          }),
          3: text("Name", (value) => {
            ref.name = value;
          }),
          4: text("UID", (value) => {
            ref.uid = value;
          }),
        },
        () => {
          bound = true;
        },
      ),
      4: varint("ExpirationSeconds", (value) => {
        expirationSeconds = value;
      }),
    }),
    // Of no use in a request, and refused where it is none.
    3: message("Status", {
      1: text("Token"),
      2: message("ExpirationTimestamp", { 1: varint("Seconds"), 2: varint("Nanos") }),
    }),
  });
  return {
    metadata: notEmpty(metadata),
    spec: {
      audiences,
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
      ...(bound ? { boundObjectRef: notEmpty(ref) } : {}),
    },
  };
}

/** kubectl sends empty texts for what is not there; Go does not tell the two apart. */
function notEmpty<Name extends string>(texts: Readonly<Record<Name, string>>): { [K in Name]?: string } {
  return Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== "")) as { [K in Name]?: string };
}

/** One field of a message: what it must look like on the wire, and what its value is for. */
interface Field {
  readonly wireType: number;
  /** As in Go, for the fault. */
  readonly name: string;
  read(reader: protobuf.Reader): void;
}

type Fields = Readonly<Record<number, Field>>;

/** @throws DecodeFault for bytes that are no message, or for a field of another wire type, as Go's decoders refuse it */
function readMessage(raw: Uint8Array, fields: Fields): void {
  const reader = protobuf.Reader.create(raw);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const [number, wireType] = [tag >>> 3, tag & 7];
      if (number === 0) throw new DecodeFault(`proto: illegal tag ${number} (wire type ${tag})`);
      const field = fields[number];
      if (field === undefined) {
        reader.skipType(wireType);
      } else if (wireType === field.wireType) {
        field.read(reader);
      } else {
        throw new DecodeFault(`proto: wrong wireType = ${wireType} for field ${field.name}`);
      }
    }
  } catch (error) {
    if (error instanceof DecodeFault) throw error;
    // The reader throws a RangeError past the end, an Error for anything else that is no protobuf.
    if (error instanceof RangeError) throw new DecodeFault("unexpected EOF", undefined, { cause: error });
    throw new DecodeFault(`proto: ${error instanceof Error ? error.message : "unreadable"}`, undefined, {
      cause: error,
    });
  }
}

function bytes(name: string, take: (value: Uint8Array) => void): Field {
  return { wireType: LENGTH_DELIMITED, name, read: (reader) => take(reader.bytes()) };
}

function text(name: string, take?: (value: string) => void): Field {
  return {
    wireType: LENGTH_DELIMITED,
    name,
    read: (reader) => {
      const value = reader.string();
      take?.(value);
    },
  };
}

function varint(name: string, take?: (value: number) => void): Field {
  return {
    wireType: VARINT,
    name,
    read: (reader) => {
      const value = Number(reader.int64().toString());
      take?.(value);
    },
  };
}

/** A message inside of another. Given twice, it is merged, as protobuf has it. */
function message(name: string, fields: Fields, found?: () => void): Field {
  return bytes(name, (raw) => {
    readMessage(raw, fields);
    found?.();
  });
}
