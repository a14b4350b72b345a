import type { AuditRecord } from "./audit-record.ts";
import type { Checked } from "./checked.ts";
import type { SmallestChange } from "./smallest-change.ts";

/** A decision that was made, from its record, and what the same call would get by the documents as they are now. */
export interface RecordExplanation {
  readonly record: AuditRecord;
  /** What the caller read; absent for an allow. */
  readonly publicCode?: string;
  readonly checks: readonly Checked[];
  /** Documents that took part, and their version now where that is another. */
  readonly documents: readonly { readonly name: string; readonly version: number; readonly now?: number | "gone" }[];
  /** The same call of the same account, with a good token, by the store as it is now. Absent without a store. */
  readonly now?: { readonly code: string; readonly detail: string; readonly change?: SmallestChange };
}
