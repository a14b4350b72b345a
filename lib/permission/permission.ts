/** The eight methods that a permission can name; no other method is ever allowed. `CONNECT` is a WebSocket's `$connect`. */
export const METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "CONNECT"] as const;
export type Method = (typeof METHODS)[number];

export function isMethod(text: string): text is Method {
  return (METHODS as readonly string[]).includes(text);
}

/** What a caller asks for. `path` is decoded; `method` is as sent, so it need not be one of `METHODS`. */
export interface Access {
  readonly service: string;
  readonly method: string;
  readonly path: string;
}

/** A permission as stored: allows or denies every access that it covers. */
export interface Rule {
  /** A service's name; `"*"` (every service) in a deny only. */
  readonly service: string;
  /** Some of the eight, or exactly `["*"]`, which means these eight. */
  readonly methods: readonly (Method | "*")[];
  /** `*` stands for any run of characters, `/` included; `?` for one character. As in IAM; case matters. */
  readonly paths: readonly string[];
  /** Where it is written, for logs: `<parameter name>#allow[0]`. */
  readonly origin: string;
}
