import { type ApiStatus, badRequest, quote, unsupportedMediaType } from "./api-status.ts";
import { type DecodedTokenRequest, DecodeFault, type TypeName } from "./token-request.ts";
import { readJson } from "./token-request-json.ts";

type Decode = (body: Buffer) => DecodedTokenRequest | Promise<DecodedTokenRequest>;

/** How a body becomes a TokenRequest, by media type, in kube-apiserver's order. What most stacks never need is loaded when it is. */
const DECODERS: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ["application/json", (body) => readJson(body)],
  ["application/yaml", async (body) => (await import("./token-request-yaml.ts")).readYaml(body)],
  [
    "application/vnd.kubernetes.protobuf",
    async (body) => (await import("./token-request-protobuf.ts")).readProtobuf(body),
  ],
]);

/**
 * The TokenRequest in a request's body. No `Content-Type` means JSON, as for kube-apiserver.
 * @throws ApiStatus 415 for another media type; 400 for a body that is no TokenRequest of authentication.k8s.io/v1
 */
export async function decodeTokenRequest(contentType: string | undefined, body: Buffer): Promise<DecodedTokenRequest> {
  const mediaType = (contentType ?? "application/json").split(";", 1).join("").trim().toLowerCase();
  const decode = DECODERS.get(mediaType);
  if (decode === undefined) throw unsupportedMediaType([...DECODERS.keys()]);
  try {
    return await decode(body);
  } catch (error) {
    if (error instanceof DecodeFault) throw unfit(error.message, error.type, body);
    throw error;
  }
}

/** Of `transformDecodeError` (apiserver pkg/endpoints/handlers/rest.go). */
function unfit(why: string, type: TypeName | undefined, body: Buffer): ApiStatus {
  if (type === undefined) {
    return badRequest(`the object provided is unrecognized (must be of type TokenRequest): ${why} (${summary(body)})`);
  }
  // The version without its group.
  const version = type.apiVersion.split("/").at(-1) ?? "";
  return badRequest(`${type.kind} in version ${quote(version)} cannot be handled as a TokenRequest: ${why}`);
}

const SUMMARY_BYTES = 30;

/** The beginning of a body: as text if that may be JSON, else in hexadecimal. It is the client's own, and is no token. */
function summary(body: Buffer): string {
  if (body.length === 0) return "<empty>";
  const encoding = body[0] === "{".charCodeAt(0) ? "utf8" : "hex";
  return `${body.subarray(0, SUMMARY_BYTES).toString(encoding)}${body.length > SUMMARY_BYTES ? " ..." : ""}`;
}
