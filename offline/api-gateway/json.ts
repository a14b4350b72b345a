/** Whether a parsed JSON value is an object: not null, not a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The first member of `record` that is none of `allowed`. */
export function unknownMember(
  record: Readonly<Record<string, unknown>>,
  allowed: readonly string[],
): string | undefined {
  return Object.keys(record).find((name) => !allowed.includes(name));
}

/** Bytes of `value` as JSON in UTF-8; 0 where it has no JSON form. */
export function jsonBytes(value: unknown): number {
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? 0 : Buffer.byteLength(text, "utf8");
}
