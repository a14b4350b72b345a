import { isRefusal, type RefusalCode } from "../../lib/errors.ts";
import { PUBLIC_CODES, type PublicCode } from "../../lib/gateway/problem.ts";
import type { Asked } from "../decide/caller.ts";
import type { Question } from "../decide/question.ts";
import { covers } from "../pattern/covers.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { splitOrigin } from "../store/rule-origin.ts";
import type { WrittenRule } from "./change.ts";
import { type Checked, checkedOf, STEPS_OF_A_TOKEN, type Unchecked } from "./checked.ts";
import { gatherFacts } from "./facts.ts";
import type { SmallestChange } from "./smallest-change.ts";
import { type TokenMend, tokenMend } from "./token-mend.ts";

/** A document that took part, or would if it were there. */
export interface ShownDocument {
  /** Without the prefix. */
  readonly name: string;
  /** `<file>:<line>`, or the parameter; absent where there is no such document. */
  readonly location?: string;
  readonly version?: number;
}

/** The rule that decided, or one that came near. */
export interface ShownRule extends WrittenRule {
  readonly document: string;
  readonly effect: "allow" | "deny";
  readonly index: number;
  readonly location: string;
}

/** Why a call is decided as it is. */
export interface Explanation {
  readonly verdict: "allow" | "refuse";
  /** False where a check that a function makes could not be made here: then an allow is none. */
  readonly certain: boolean;
  readonly code: RefusalCode | "ALLOWED";
  readonly detail: string;
  readonly status?: 401 | 403;
  /** What the caller reads. */
  readonly publicCode?: PublicCode;
  readonly call: {
    readonly principal?: string;
    readonly service?: string;
    readonly method: string;
    readonly path: string;
    readonly through: string;
  };
  readonly checks: readonly Checked[];
  readonly documents: readonly ShownDocument[];
  readonly rule?: ShownRule;
  /** Allows of the same service, where none covers the call: what each of them lacks. */
  readonly nearest?: readonly (ShownRule & { readonly lacks: readonly ("method" | "path")[] })[];
  /** What was taken for granted or could not be checked, in words. */
  readonly remarks: readonly string[];
  readonly mend?: TokenMend;
  readonly change?: SmallestChange;
  /** What comes next once the token is mended. */
  readonly onceMended?: {
    readonly code: RefusalCode | "ALLOWED";
    readonly detail: string;
    readonly change?: SmallestChange;
  };
}

/** What the question itself leaves unchecked. */
export interface Limits {
  /** Nobody said which audiences the gateway has. */
  readonly audiencesUnknown: boolean;
  readonly remarks: readonly string[];
}

/** Explains one decision. What would change it is found apart (`smallestChange`). */
export async function explain(
  asked: Asked,
  question: Question,
  store: DocumentStore,
  limits: Limits,
): Promise<Omit<Explanation, "change" | "onceMended">> {
  const { decided, unverified } = asked;
  const { decision, granted, trail, identity, access } = decided;
  const facts = await gatherFacts(asked, question);
  const refused = isRefusal(decision);
  const ofAccount = unverified === "no token was given";
  const lacksKeys = unverified !== undefined && !ofAccount;
  const rule = decision.rule === undefined ? undefined : ruleAt(decision.rule, asked, store);
  const mend = refused ? tokenMend(decision.code, facts) : undefined;
  const principal = identity?.principal ?? trail.principal;
  const service = access?.service ?? facts.receiver?.service;
  const nearest = refused && decision.code === "ACCESS_NOT_ALLOWED" ? nearestRules(asked, store) : [];
  return {
    verdict: decision.effect,
    certain: !lacksKeys && !(limits.audiencesUnknown && !ofAccount),
    code: refused ? decision.code : "ALLOWED",
    detail: refused
      ? inStore(decision.detail, store)
      : `a rule allows ${question.method} ${question.path} on ${service}`,
    ...(refused && { status: decision.status, publicCode: PUBLIC_CODES[decision.code] }),
    call: {
      ...(principal !== undefined && { principal }),
      ...(service !== undefined && { service }),
      method: question.method,
      path: question.path,
      through: question.through,
    },
    checks: checkedOf(decision, facts, granted, uncheckedBy(asked, limits)),
    documents: documentsOf(asked, store),
    ...(rule !== undefined && { rule }),
    ...(nearest.length > 0 && { nearest }),
    remarks: [
      ...(lacksKeys ? [`the signature was not verified: ${unverified.message}; give the keys with --keys`] : []),
      ...limits.remarks,
      ...question.assumed,
    ],
    ...(mend !== undefined && { mend }),
  };
}

/** What stands before the names in a folder is nobody's but the program's. */
function inStore(detail: string, { prefix, hasVersions }: DocumentStore): string {
  return hasVersions ? detail : detail.replaceAll(`${prefix}/`, "");
}

function uncheckedBy({ unverified }: Asked, { audiencesUnknown }: Limits): Unchecked {
  const audience: RefusalCode[] = audiencesUnknown ? ["TOKEN_AUDIENCE_MISMATCH"] : [];
  if (unverified === undefined) return { steps: [], codes: audience };
  if (unverified === "no token was given") {
    return { steps: [...STEPS_OF_A_TOKEN, "validity"], codes: ["TOKEN_ALGORITHM_NOT_ALLOWED"] };
  }
  return { steps: ["key", "signature"], codes: audience };
}

/** Everything that was read for the decision, and the permissions that are not there. */
function documentsOf({ decided, decider }: Asked, store: DocumentStore): ShownDocument[] {
  const { trail, identity } = decided;
  const shown = trail.documents.map(({ name, version }) => ({
    name: name.slice(store.prefix.length + 1),
    location: store.locate(name),
    ...(store.hasVersions && { version }),
  }));
  if (identity === undefined) return shown;
  const absent = decider.documents.names
    .permissions(identity, identity.group)
    .filter((name) => !trail.documents.some((document) => document.name === name))
    .map((name) => ({ name: name.slice(store.prefix.length + 1) }));
  return [...shown, ...absent];
}

function ruleAt(origin: string, { decided }: Asked, store: DocumentStore): ShownRule | undefined {
  const { document, effect, index: at } = splitOrigin(origin);
  const rule = decided.granted?.documents.find(({ document: { name } }) => name === document)?.[effect][at];
  if (rule === undefined) return undefined;
  const { service, methods, paths } = rule;
  const location = store.locate(document, [effect, at]);
  return { document: document.slice(store.prefix.length + 1), effect, index: at, location, service, methods, paths };
}

const MOST_NEAREST = 5;

function nearestRules({ decided }: Asked, store: DocumentStore) {
  const { granted, access } = decided;
  if (granted === undefined || access === undefined) return [];
  return granted.documents
    .flatMap(({ allow, document }) =>
      allow.flatMap((rule, index) => {
        if (rule.service !== access.service) return [];
        const { service, methods, paths } = rule;
        const lacks: ("method" | "path")[] = [];
        if (!methods.some((each) => each === "*" || each === access.method)) lacks.push("method");
        if (!covers({ ...rule, methods: ["*"] }, { ...access, method: "GET" })) lacks.push("path");
        const location = store.locate(document.name, ["allow", index]);
        const name = document.name.slice(store.prefix.length + 1);
        return [{ document: name, effect: "allow" as const, index, location, service, methods, paths, lacks }];
      }),
    )
    .sort((one, other) => one.lacks.length - other.lacks.length)
    .slice(0, MOST_NEAREST);
}
