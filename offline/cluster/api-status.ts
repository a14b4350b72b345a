/** One reason for a 422: the member of the request and what is wrong with it. */
interface StatusCause {
  readonly reason: "FieldValueInvalid";
  readonly message: string;
  readonly field: string;
}

interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly StatusCause[];
}

/**
 * A failure as kube-apiserver reports it: HTTP status `code` and a `Status` object (meta/v1). Reasons and wording are
 * those of k8s.io/apimachinery/pkg/api/errors, because clients show the message and decide by the reason.
 */
export class ApiStatus extends Error {
  override readonly name = "ApiStatus";
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The wire form, members in the order of the Go type. */
  toJSON(): unknown {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

export function badRequest(message: string): ApiStatus {
  return new ApiStatus(400, "BadRequest", message);
}

export function notFound(resource: string, name: string): ApiStatus {
  return new ApiStatus(404, "NotFound", `${resource} ${quote(name)} not found`, { name, kind: resource });
}

/** @param faults - of a request with `fieldValidation=Strict` */
export function strictDecoding(faults: readonly string[]): ApiStatus {
  return badRequest(
    `TokenRequest in version "v1" cannot be handled as a TokenRequest: strict decoding error: ${faults.join(", ")}`,
  );
}

/** @param produced - the media types that there are */
export function notAcceptable(produced: string): ApiStatus {
  return new ApiStatus(406, "NotAcceptable", `406: Not Acceptable\n\nAvailable representations: ${produced}`, {});
}

export function pathNotFound(): ApiStatus {
  return new ApiStatus(404, "NotFound", "the server could not find the requested resource", {});
}

export function methodNotAllowed(): ApiStatus {
  return new ApiStatus(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

/** @param kind - as kube-apiserver has it here: the kind, not the resource */
export function conflict(group: string, kind: string, name: string, why: string): ApiStatus {
  const resource = group === "" ? kind : `${kind}.${group}`;
  return new ApiStatus(409, "Conflict", `Operation cannot be fulfilled on ${resource} ${quote(name)}: ${why}`, {
    name,
    ...(group === "" ? {} : { group }),
    kind,
  });
}

export function bodyTooLarge(maxBytes: number): ApiStatus {
  const message = `Request entity too large: limit is ${maxBytes}`;
  return new ApiStatus(413, "RequestEntityTooLarge", message);
}

export function unsupportedMediaType(accepted: readonly string[]): ApiStatus {
  return new ApiStatus(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );
}

/** A TokenRequest with one wrong member. `name` is empty where kube-apiserver leaves it so. */
export function invalidTokenRequest(name: string, field: string, value: string | number, why: string): ApiStatus {
  const message = `Invalid value: ${typeof value === "string" ? quote(value) : value}: ${why}`;
  return new ApiStatus(
    422,
    "Invalid",
    `TokenRequest.authentication.k8s.io ${quote(name)} is invalid: ${field}: ${message}`,
    {
      ...(name === "" ? {} : { name }),
      group: "authentication.k8s.io",
      kind: "TokenRequest",
      causes: [{ reason: "FieldValueInvalid", message, field }],
    },
  );
}

export function internalError(): ApiStatus {
  return new ApiStatus(500, "InternalError", "Internal error occurred: see the offline stack's own output", {});
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  '"': '\\"',
  "\\": "\\\\",
};

/** As Go's %q, for text without unassigned characters. */
export function quote(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what Go escapes
  return `"${text.replace(/["\\\u0000-\u001f\u007f-\u009f]/g, (character) => {
    const hex = character.charCodeAt(0).toString(16);
    return (
      SHORT_ESCAPES[character] ?? (character < "\u0080" ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`)
    );
  })}"`;
}
