import type { PermissionIndex } from "../access/permission-index.ts";
import { AnswerRoom } from "../decide/answer-room.ts";
import { AccountAsker } from "../decide/caller.ts";
import type { DeciderSettings } from "../decide/store-decider.ts";
import { targetsOf } from "../decide/target.ts";
import { few } from "../few.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { STANDARD_BYTES, sizeProblem } from "../store/parameter-size.ts";
import type { StoreDocument } from "../store/parsed-document.ts";
import { type Finding, findingAt } from "./finding.ts";

/** By what `apply` writes. */
export function lintDocumentSizes(documents: readonly StoreDocument[], store: DocumentStore): readonly Finding[] {
  return documents.flatMap((document): readonly Finding[] => {
    const problem = sizeProblem(document.kind, document.stored.text);
    if (problem !== undefined) {
      const text = `apply does not write the document: it ${problem}`;
      return [findingAt(store, document, [], { severity: "error", rule: "document-large", text })];
    }
    const bytes = Buffer.byteLength(document.stored.text);
    if (bytes <= STANDARD_BYTES) return [];
    const text = `the key set has ${bytes} bytes: over ${STANDARD_BYTES} it needs an advanced parameter, which costs money`;
    return [findingAt(store, document, [], { severity: "warning", rule: "document-large", text })];
  });
}

/** Callers whose permissions do not fit an authorizer's answer: asked of the authorizer itself. */
export async function lintAnswerSizes(
  documents: readonly StoreDocument[],
  store: DocumentStore,
  index: PermissionIndex,
  settings: DeciderSettings,
): Promise<readonly Finding[]> {
  const room = new AnswerRoom(new AccountAsker(store, settings), index);
  const callers = index.callers().filter((caller) => !index.isUndecided(caller));
  const findings: Finding[] = [];
  for (const document of documents) {
    if (document.parsed.kind !== "apis") continue;
    const { value: api } = document.parsed;
    const tooLarge: string[] = [];
    for (const target of targetsOf([document], [])) {
      for (const caller of callers) {
        if (tooLarge.includes(caller.label)) continue;
        if ((await room.problem(caller, target)) !== undefined) tooLarge.push(caller.label);
      }
    }
    if (tooLarge.length === 0) continue;
    const where =
      api.answers === "policy"
        ? ""
        : ', unless this is an HTTP API with simple answers, which "answers": "simple" says';
    const text = `the permissions of ${few(tooLarge)} do not fit the 8 KB of an authorizer's answer: no decision is made about them (POLICY_TOO_LARGE)${where}; write fewer, wider paths, or TTL 0 and "cached": false`;
    const severity = api.answers === "policy" ? "error" : "warning";
    findings.push(findingAt(store, document, [], { severity, rule: "answer-large", text }));
  }
  return findings;
}
