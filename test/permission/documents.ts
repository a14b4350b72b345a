import type { StoredDocument } from "../../lib/document.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { Rule } from "../../lib/permission/permission.ts";
import {
  type PermissionDocument,
  type PermissionSet,
  parsePermissionDocument,
} from "../../lib/permission/permission-set.ts";

/** A parameter with this value; a text is stored as it is. */
export function stored(value: unknown, name = "/podgate/test/permissions/_all"): StoredDocument {
  return { name, version: 7, revision: "7", text: typeof value === "string" ? value : JSON.stringify(value) };
}

export type PlainRule = Omit<Rule, "origin">;

/** The set that these documents make, read by the reader of stored ones. */
export function granting(...documents: { allow?: readonly PlainRule[]; deny?: readonly PlainRule[] }[]): PermissionSet {
  return {
    documents: documents.map(
      (document, index): PermissionDocument => parsePermissionDocument(stored(document, `/p/${index}`)),
    ),
  };
}

/** What reading throws: code and detail. */
export function faultOf(read: () => unknown): { code: string; detail: string } {
  try {
    read();
  } catch (error) {
    if (error instanceof GatewayError) return { code: error.code, detail: error.message };
    throw error;
  }
  throw new Error("nothing was thrown");
}
