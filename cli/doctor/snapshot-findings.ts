import type { KeySet } from "../../lib/issuer/key-set.ts";
import { compareKeySets, type KeySetChange } from "../../lib/issuer/key-snapshot.ts";
import { SNAPSHOT_DUE_SECONDS } from "../../lib/issuer/refresh-snapshots.ts";
import { belongsTo, isFrom, type StoredKeySet } from "../../lib/issuer/stored-key-set.ts";
import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { duration } from "../inspect/moment.ts";
import { printable } from "../printable.ts";
import type { Finding } from "./finding.ts";

/** As `PODGATE_KEYS_MAX_STALE_SECONDS` where nobody sets it. */
const MAX_STALE_SECONDS = 7200;

/** Two rounds of `refresh-keys` after a snapshot is due. */
const LATE_SECONDS = SNAPSHOT_DUE_SECONDS + 2 * 300;

export interface SnapshotInput {
  readonly issuer: TrustedIssuer;
  readonly stored: StoredKeySet | undefined;
  /** What the issuer publishes now, where it answered. */
  readonly published: KeySet | undefined;
  readonly where: string;
  /** Epoch seconds. */
  readonly now: number;
}

/** The key set that the store has of an issuer: there, whose, how old, and the same as the issuer's. */
export function snapshotFindings({ issuer, stored, published, where, now }: SnapshotInput): Finding[] {
  const finding = (severity: Finding["severity"], text: string): Finding => ({
    severity,
    check: "snapshot",
    where,
    text,
  });
  if (stored === undefined) {
    return [
      finding(
        "warning",
        "there is no snapshot of its keys, so every cold function asks the issuer; does refresh-keys run? Its log says why not",
      ),
    ];
  }
  if (!belongsTo(stored, issuer, now)) {
    return [
      finding("error", `nobody uses it: ${strangeness(stored, issuer)}; delete it, and refresh-keys writes it anew`),
    ];
  }
  const age = Math.max(0, now - stored.fetchedAt);
  const words = `fetched ${duration(age)} ago`;
  const change = published === undefined ? undefined : compareKeySets(stored.keys, published);
  return [
    age > MAX_STALE_SECONDS
      ? finding(
          "error",
          `${words}, too old to be used (${duration(MAX_STALE_SECONDS)}): refresh-keys does not run, or cannot read this issuer; see its log and alarms`,
        )
      : age > LATE_SECONDS
        ? finding(
            "warning",
            `${words}, and refresh-keys writes it every ${duration(SNAPSHOT_DUE_SECONDS)}: see its log and alarms before it is too old (${duration(MAX_STALE_SECONDS)})`,
          )
        : finding("ok", `${words}${change === "same" ? ", the keys that the issuer publishes" : ""}`),
    ...(change === undefined || change === "same" ? [] : [finding(...CHANGES[change])]),
  ];
}

function strangeness(stored: StoredKeySet, issuer: TrustedIssuer): string {
  if (stored.issuer !== issuer.url) return "it is of another issuer";
  if (stored.source !== issuer.keys)
    return `it is ${stored.source}, and the issuer document says "keys": "${issuer.keys}"`;
  if (!isFrom(stored, issuer))
    return `its keys were fetched from ${printable(stored.from ?? "")}, where the issuer document no longer points`;
  return "it is from the future";
}

const CHANGES: Readonly<Record<Exclude<KeySetChange, "same">, ["warning" | "error", string]>> = {
  changed: [
    "warning",
    "the issuer publishes other keys by now; refresh-keys takes them over in its next round, within 5 min",
  ],
  replaced: [
    "error",
    "it shares no key with what the issuer publishes now: a new cluster under an old address, a rotation in one step, or somebody in between; make sure that it is meant",
  ],
};
