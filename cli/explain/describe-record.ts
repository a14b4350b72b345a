import type { Output } from "../output.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { changeLines, checkLines } from "./describe.ts";
import type { RecordExplanation } from "./record-explanation.ts";

/** The explanation of a recorded decision for people. */
export function describeRecord(
  explanation: RecordExplanation,
  output: Output,
  store: DocumentStore | undefined,
): string {
  const { record, publicCode, checks, documents, now } = explanation;
  const { outcome, code, detail, principal, access, rule, time, apiId, stage } = record;
  const color = outcome === "refuse" ? "red" : outcome === "error" ? "yellow" : "green";
  const verdict = { refuse: "refused", allow: "allowed", error: "no decision", identified: "identified" }[outcome];
  const call = access === undefined ? "" : `: ${access.method} ${access.path} on ${access.service}`;
  const by = apiId === undefined ? "" : `, by API ${apiId}${stage === undefined ? "" : ` at stage ${stage}`}`;
  return [
    `${output.style([color, "bold"], `${verdict}: ${code}`)}${publicCode === undefined ? "" : ` (the caller reads ${publicCode})`}${time === undefined ? "" : `, ${time}`}`,
    ...(detail === undefined ? [] : [`  ${detail}`]),
    `  ${principal ?? "somebody unverified"}${call}${by}`,
    ...(checks.length === 0 ? [] : ["", ...checkLines(checks, output)]),
    ...(documents.length === 0 ? [] : ["", "documents, as they were"]),
    ...documents.map(({ name, version, now: latest }) => `  ${name} version ${version}${changed(latest)}`),
    ...(rule === undefined ? [] : ["", "the rule that decided", `  ${rule}`]),
    ...(now === undefined
      ? []
      : [
          "",
          `by the documents as they are now: ${now.code === "ALLOWED" ? now.detail : `${now.code}: ${now.detail}`}`,
        ]),
    ...(store === undefined ? [] : changeLines(now?.change, output, store)),
  ].join("\n");
}

function changed(latest: number | "gone" | undefined): string {
  if (latest === undefined) return "";
  return latest === "gone" ? "; it is gone now" : `; now version ${latest}`;
}
