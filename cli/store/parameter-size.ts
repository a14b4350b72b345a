import type { DocumentKind } from "./document-store.ts";

/** Bytes of a standard parameter, and of an advanced one, which costs money (SSM, "Managing parameter tiers"). */
export const STANDARD_BYTES = 4096;
const ADVANCED_BYTES = 8192;

/** Bytes that a document may have. A key set alone may be an advanced parameter, as for `refresh-keys`. */
export function mostBytes(kind: DocumentKind | undefined): number {
  return kind === "keys" ? ADVANCED_BYTES : STANDARD_BYTES;
}

/** What is wrong with a document of this size, and what to do; `undefined` where it fits. */
export function sizeProblem(kind: DocumentKind | undefined, text: string): string | undefined {
  const bytes = Buffer.byteLength(text);
  const most = mostBytes(kind);
  if (bytes <= most) return undefined;
  const mend = kind === "permissions" ? ": say it in fewer rules, or on a higher level" : "";
  return `has ${bytes} bytes, and a parameter holds ${most}${mend}`;
}
