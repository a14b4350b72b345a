import type { StoredKeySet } from "../../lib/issuer/stored-key-set.ts";
import type { DocumentKind } from "../store/document-store.ts";
import { type DocumentPair, documentIn } from "./document-pair.ts";
import { relationOfApis, relationOfIssuers, relationOfKeySets, relationOfServices } from "./document-relation.ts";
import type { Phase } from "./phase.ts";
import type { Relation } from "./relation.ts";
import type { Step } from "./step.ts";

/** What is narrower goes first, what is wider last; what is neither is exchanged when all else is at its narrowest. */
const PHASE_OF: Readonly<Record<Relation, Phase>> = {
  narrower: "narrow",
  other: "switch",
  same: "widen",
  wider: "widen",
};

/** Within a phase: callers are shut out where that shuts out most, and let in when everything is in its place. */
const RANKS: Readonly<
  Record<DocumentKind, { readonly narrow: number; readonly switch: number; readonly widen: number }>
> = {
  issuers: { narrow: 0, switch: 1, widen: 6 },
  keys: { narrow: 1, switch: 0, widen: 5 },
  apis: { narrow: 2, switch: 3, widen: 1 },
  services: { narrow: 3, switch: 3, widen: 0 },
  // Of their own: see permission-steps.ts.
  permissions: { narrow: 4, switch: 4, widen: 2 },
};

/**
 * Documents of which a decision needs exactly one: each is written once. It lets pass what it let pass before or what it
 * shall let pass, and whatever else a decision needs is then no wider than on that side.
 */
export function documentSteps(changed: readonly DocumentPair[], documents: ReadonlyMap<string, DocumentPair>): Step[] {
  return changed.flatMap((pair) => {
    if (pair.kind === "permissions") return [];
    const { name, kind, after } = pair;
    const { phase, rank } = placeOf(pair, documents);
    return [{ phase, name, text: after?.text, isLast: true, rank: rank ?? rankOf(kind, phase) }];
  });
}

function rankOf(kind: DocumentKind, phase: Phase): number {
  return phase === "prepare" || phase === "tidy" ? 0 : RANKS[kind][phase];
}

function placeOf(
  pair: DocumentPair,
  documents: ReadonlyMap<string, DocumentPair>,
): { readonly phase: Phase; readonly rank?: number } {
  // What cannot be read stops every decision about its issuer, whatever the issuer says about keys: its end is a widening.
  if (pair.before?.unreadable !== undefined) return { phase: "widen" };
  const issuer = pair.kind === "keys" ? documents.get(issuerOf(pair.name)) : undefined;
  const was = documentIn(issuer?.before, "issuers")?.keys;
  const is = documentIn(issuer?.after, "issuers")?.keys;
  // Nobody reads a static set yet, or any longer: it lies there before its issuer asks for it, and goes after.
  if (was === "discovered" && is === "static") return { phase: "switch", rank: 0 };
  if (was === "static" && is === "discovered") return { phase: "switch", rank: 2 };
  return { phase: PHASE_OF[relationOf(pair)] };
}

/** One that the functions cannot read lets nothing pass. */
function relationOf({ kind, before, after }: DocumentPair): Relation {
  switch (kind) {
    case "issuers":
      return relationOfIssuers(documentIn(before, kind), documentIn(after, kind));
    case "keys":
      return relationOfKeySets(staticOnly(documentIn(before, kind)), documentIn(after, kind));
    case "apis":
      return relationOfApis(documentIn(before, kind), documentIn(after, kind));
    case "services":
      return relationOfServices(documentIn(before, kind), documentIn(after, kind));
    case "permissions":
      return "same";
  }
}

function staticOnly(keySet: StoredKeySet | undefined): StoredKeySet | undefined {
  return keySet?.source === "static" ? keySet : undefined;
}

function issuerOf(keysName: string): string {
  return keysName.replace("keys/", "issuers/");
}

/**
 * Exchanges of two documents that one decision needs both of: between the two writes a call would be judged by a mixture
 * that is neither before nor after.
 */
export function mixedMoves(changed: readonly DocumentPair[]): string[] {
  const moved = changed.filter((pair) => pair.kind !== "permissions" && relationOf(pair) === "other");
  const issuers = moved.filter(({ kind }) => kind === "issuers");
  const keySets = moved.filter(({ kind }) => kind === "keys");
  const receivers = moved.filter(({ kind }) => kind === "apis" || kind === "services");
  const callers = [...issuers, ...keySets][0];
  const ownKeys = keySets.find(({ name }) => issuers.some((issuer) => issuer.name === issuerOf(name)));
  const issuerOfKeys = ownKeys && issuerOf(ownKeys.name);
  const [receiver] = receivers;
  const pairs = [
    ...(ownKeys === undefined ? [] : [[issuerOfKeys, ownKeys.name]]),
    ...(callers === undefined || receiver === undefined ? [] : [[callers.name, receiver.name]]),
  ];
  return pairs.map(
    ([one, other]) =>
      `${one} changes who callers are and ${other} what they call: between the two writes calls would be judged by half of each; apply one of them first, by itself (--only ${other})`,
  );
}
