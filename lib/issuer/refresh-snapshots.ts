import { type Clock, deadline } from "../clock.ts";
import type { StoredDocument } from "../document.ts";
import { GatewayError } from "../errors.ts";
import type { FetchJson } from "./fetch-json.ts";
import { type IssuerUrl, parseIssuerUrl } from "./issuer-url.ts";
import { fetchKeySet, KEY_FETCH_SECONDS } from "./key-fetch.ts";
import { compareKeySets, SNAPSHOT_MAX_AGE_SECONDS, snapshotText } from "./key-snapshot.ts";
import { sharedClusters } from "./shared-clusters.ts";
import { isAhead, isFrom, parseStoredKeySet, type StoredKeySet } from "./stored-key-set.ts";
import { parseTrustedIssuer, type TrustedIssuer } from "./trusted-issuer.ts";

/**
 * Issuer documents and key sets in the store. Each call paces itself, and throws `PARAMETERS_UNAVAILABLE`: at the latest
 * when `end` is aborted, after which nothing goes on.
 */
export interface SnapshotStore {
  /** Every issuer document; one that is left out would be an issuer forgotten, so a list that is not whole is none. */
  listIssuers(end: AbortSignal): Promise<readonly StoredDocument[]>;
  /** The name that an issuer's document has; `undefined` where it cannot have one. */
  issuerName(url: IssuerUrl): string | undefined;
  readKeySets(urls: readonly IssuerUrl[], end: AbortSignal): Promise<ReadonlyMap<IssuerUrl, StoredDocument>>;
  /** Whether it was written: it was not even tried where the end came before its turn. */
  writeKeySet(url: IssuerUrl, text: string, end: AbortSignal): Promise<boolean>;
}

/** What somebody should look at. The others are refreshed all the same. */
export interface SnapshotProblem {
  readonly kind:
    | "IssuerDocumentsUnreadable"
    | "ClustersShared"
    | "SnapshotsFailed"
    | "SnapshotsTooLarge"
    | "KeySetsReplaced";
  /** One line for whoever operates podgate: what is wrong, where, and what to do. */
  readonly detail: string;
  readonly code?: string | undefined;
  readonly issuer?: string | undefined;
  readonly parameter?: string | undefined;
}

export interface RefreshOptions {
  readonly store: SnapshotStore;
  readonly fetchJson: FetchJson;
  readonly clock: Clock;
  readonly allowLoopbackHttp: boolean;
  readonly onProblem: (problem: SnapshotProblem) => void;
}

/** One round, in numbers of issuers. */
export interface RefreshRound {
  /** Whose keys are fetched: neither disabled nor static. */
  readonly issuers: number;
  readonly written: number;
  readonly unchanged: number;
  readonly failed: number;
  /** For which no time was left; the next round begins with them. */
  readonly notReached: number;
  /** Seconds since the oldest of the snapshots in use was taken, after the round. */
  readonly oldestAgeSeconds?: number | undefined;
}

/** A snapshot whose keys are what they were is written again at this age, so that readers see that it is kept up. */
export const SNAPSHOT_DUE_SECONDS = 900;

/** Largest value that an advanced parameter holds (PutParameter, `Value`). */
const MAX_SNAPSHOT_CHARACTERS = 8192;

/** Issuers that are asked at once: a thousand that all hang take half of the function's time. */
const AT_ONCE = 20;

/** Kept for the last write and the report. */
const RESERVE_SECONDS = 8;

/** Kept for the report alone: a store that hangs is left then, or nobody would learn of it. */
const REPORT_SECONDS = 2;

interface Candidate {
  readonly url: IssuerUrl;
  readonly issuer: TrustedIssuer;
  readonly stored: StoredKeySet | undefined;
}

/** A snapshot to be written, of keys that were fetched in this round. */
interface Pending {
  readonly url: IssuerUrl;
  readonly text: string;
  readonly askedAt: number;
  /** A change is written at once, for a removed key serves until then; what is only due waits until all were asked. */
  readonly changed: boolean;
}

type Outcome = "written" | "unchanged" | "failed" | "notReached";

/**
 * Takes a snapshot of the keys of every issuer, those first whose last one is oldest or missing. A set that must not be used
 * never replaces one that may. Throws `PARAMETERS_UNAVAILABLE` where the store cannot be read.
 *
 * @param remainingSeconds - what is left of the function's time
 */
export async function refreshSnapshots(remainingSeconds: number, options: RefreshOptions): Promise<RefreshRound> {
  const { clock } = options;
  const endsAt = clock.now() + remainingSeconds - RESERVE_SECONDS;
  using ending = deadline(remainingSeconds - REPORT_SECONDS, clock);
  const end = ending.signal;
  const queue = await findCandidates(options, end);
  const issuers = queue.length;
  const fetchedAt = new Map(
    queue.flatMap(({ url, stored }) => (stored === undefined ? [] : [[url, stored.fetchedAt]])),
  );
  const counts: Record<Outcome, number> = { written: 0, unchanged: 0, failed: 0, notReached: 0 };
  const due: Pending[] = [];

  const write = async ({ url, text, askedAt }: Pending): Promise<void> => {
    const outcome = await settle(url, options, async () =>
      (await options.store.writeKeySet(url, text, end)) ? "written" : "notReached",
    );
    counts[outcome] += 1;
    if (outcome === "written") fetchedAt.set(url, askedAt);
  };
  const work = async (): Promise<void> => {
    while (clock.now() + KEY_FETCH_SECONDS < endsAt) {
      const candidate = queue.shift();
      if (candidate === undefined) return;
      const result = await settle(candidate.url, options, () => takeSnapshot(candidate, options, end));
      if (typeof result === "string") counts[result] += 1;
      else if (result.changed) await write(result);
      else due.push(result);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  due.sort((a, b) => (fetchedAt.get(a.url) ?? 0) - (fetchedAt.get(b.url) ?? 0));
  while (clock.now() < endsAt) {
    const pending = due.shift();
    if (pending === undefined) break;
    await write(pending);
  }

  const oldest = fetchedAt.size === 0 ? undefined : Math.min(...fetchedAt.values());
  return {
    issuers,
    ...counts,
    notReached: counts.notReached + queue.length + due.length,
    oldestAgeSeconds: oldest === undefined ? undefined : Math.max(0, clock.now() - oldest),
  };
}

/** The issuers to ask, with what is stored of them, the stalest first. */
async function findCandidates(options: RefreshOptions, end: AbortSignal): Promise<Candidate[]> {
  const { store, clock } = options;
  const registered = (await store.listIssuers(end)).flatMap((document) => readIssuer(document, options) ?? []);
  for (const sharing of sharedClusters(registered.map(({ issuer }) => issuer))) reportShared(sharing, options);

  const asked = registered.filter(({ issuer }) => !issuer.disabled && issuer.keys === "discovered");
  const keySets = await store.readKeySets(
    asked.map(({ url }) => url),
    end,
  );
  const candidates = asked.flatMap(({ url, issuer }): Candidate[] => {
    const document = keySets.get(url);
    const stored = document && readKeySet(document);
    if (stored?.source === "static") {
      options.onProblem({
        kind: "SnapshotsFailed",
        issuer: url,
        parameter: stored.document.name,
        detail: `a static key set is stored and the issuer document does not say "keys": "static", so nobody reads it; say so there, or delete it`,
      });
      return [];
    }
    const serves = stored !== undefined && stored.issuer === url && !isAhead(stored, clock.now());
    return [{ url, issuer, stored: serves ? stored : undefined }];
  });
  return candidates.sort((a, b) => (a.stored?.fetchedAt ?? 0) - (b.stored?.fetchedAt ?? 0));
}

function readIssuer(
  document: StoredDocument,
  { store, allowLoopbackHttp, onProblem }: RefreshOptions,
): { url: IssuerUrl; issuer: TrustedIssuer } | undefined {
  const unreadable = (code: string, detail: string) => {
    onProblem({ kind: "IssuerDocumentsUnreadable", code, parameter: document.name, detail });
    return undefined;
  };
  let issuer: TrustedIssuer;
  try {
    issuer = parseTrustedIssuer(document);
  } catch (error) {
    const { code, detail } = faultOf(error);
    return unreadable(code, detail);
  }
  const url = parseIssuerUrl(issuer.url, allowLoopbackHttp);
  if (url === undefined) {
    return unreadable(
      "ISSUER_MALFORMED",
      "its `url` is not an issuer URL `https://host/path`, so no token can name it",
    );
  }
  if (store.issuerName(url) !== document.name) {
    return unreadable("ISSUER_DOCUMENT_MISMATCH", "it is the document of another issuer; store it under its own name");
  }
  return { url, issuer };
}

/** What cannot be read is of no use to anybody, and is written anew. */
function readKeySet(document: StoredDocument): StoredKeySet | undefined {
  try {
    return parseStoredKeySet(document);
  } catch {
    return undefined;
  }
}

function reportShared(sharing: readonly TrustedIssuer[], { onProblem }: RefreshOptions): void {
  const [first] = sharing;
  const urls = sharing.map(({ url }) => url).join(", ");
  onProblem({
    kind: "ClustersShared",
    issuer: first?.url,
    parameter: first?.document.name,
    detail: `the cluster ${first?.cluster} has ${sharing.length} issuers, which share its permissions: ${urls}; give each a name of its own, or say "replaces" in the newer one`,
  });
}

/** What `work` gives. A fault in it is reported, and is this issuer's alone. */
async function settle<Result>(
  url: IssuerUrl,
  { onProblem }: RefreshOptions,
  work: () => Promise<Result>,
): Promise<Result | "failed"> {
  try {
    return await work();
  } catch (error) {
    onProblem({ kind: "SnapshotsFailed", issuer: url, ...faultOf(error) });
    return "failed";
  }
}

/** Fetches an issuer's keys, and says what is to be written of them. */
async function takeSnapshot(
  { url, issuer, stored }: Candidate,
  { store, fetchJson, clock, onProblem }: RefreshOptions,
  end: AbortSignal,
): Promise<Pending | "unchanged" | "failed"> {
  const askedAt = clock.now();
  const keys = await fetchKeySet(issuer, fetchJson, clock);
  const change = stored && compareKeySets(stored.keys, keys);
  const isElsewhere = stored !== undefined && !isFrom(stored, issuer);
  if (change === "replaced") {
    onProblem({
      kind: "KeySetsReplaced",
      issuer: url,
      detail:
        "none of the issuer's keys is one that it had before: a new cluster under an old address, a rotation in one step, or somebody in between; make sure that it is meant",
    });
  }
  const age = askedAt - (stored?.fetchedAt ?? 0);
  if (change === "same" && !isElsewhere && age < SNAPSHOT_DUE_SECONDS) return "unchanged";
  const text = snapshotText(issuer, keys, askedAt);
  if (text.length > MAX_SNAPSHOT_CHARACTERS) {
    onProblem({
      kind: "SnapshotsTooLarge",
      issuer: url,
      detail: `its ${keys.size} keys need ${text.length} characters and a parameter holds ${MAX_SNAPSHOT_CHARACTERS}; no snapshot is kept and the functions ask the issuer`,
    });
    // Dated back, it serves on only while the issuer does not answer: who has a way there has the new keys, and no removed one.
    if (stored !== undefined && !isElsewhere && age < SNAPSHOT_MAX_AGE_SECONDS) {
      await store.writeKeySet(url, snapshotText(issuer, stored.keys, askedAt - SNAPSHOT_MAX_AGE_SECONDS), end);
    }
    return "failed";
  }
  return { url, text, askedAt, changed: isElsewhere || change === "changed" || change === "replaced" };
}

/** A defect too is one issuer's, and keeps no other from being refreshed; its text may quote anything. */
function faultOf(error: unknown): { readonly code: string; readonly detail: string } {
  return error instanceof GatewayError
    ? { code: error.code, detail: error.message }
    : { code: "INTERNAL", detail: "unexpected fault" };
}
