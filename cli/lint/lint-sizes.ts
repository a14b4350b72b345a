import { GatewayError } from "../../lib/errors.ts";
import type { RegisteredApi } from "../../lib/permission/receiver.ts";
import type { PermissionIndex } from "../access/permission-index.ts";
import { AccountAsker } from "../decide/caller.ts";
import { authorizerQuestion } from "../decide/question.ts";
import type { DeciderSettings } from "../decide/store-decider.ts";
import { methodsOf } from "../pattern/coverage.ts";
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

/** Well below the limits of an answer and of a resource (lib/gateway/policy.ts): what is smaller need not be asked about. */
const SURELY_SMALL_ANSWER = 4000;
const SURELY_SMALL_PATH = 200;
/** Of an ARN without stage and path: partition, region, account, API, method. */
const ARN_CHARACTERS = 160;

/** Where the document does not say: as long as most, since what is counted is the length of ARNs. */
const SOME_ACCOUNT = "123456789012";
const SOME_REGION = "ap-northeast-2";

/** Callers whose permissions do not fit an authorizer's answer: asked of the authorizer itself. */
export async function lintAnswerSizes(
  documents: readonly StoreDocument[],
  store: DocumentStore,
  index: PermissionIndex,
  settings: DeciderSettings,
): Promise<readonly Finding[]> {
  const asker = new AccountAsker(store, settings);
  const callers = index.callers().filter((caller) => !index.isUndecided(caller));
  const findings: Finding[] = [];
  for (const document of documents) {
    if (document.parsed.kind !== "apis" || !document.parsed.value.cached) continue;
    const { value: api, apiId } = document.parsed;
    const tooLarge: string[] = [];
    for (const caller of callers) {
      for (const stage of stagesOf(api)) {
        const { service } = api.stages.get(stage) ?? api.receiver;
        if (isSurelySmall(caller, service, stage, index)) continue;
        const fits = await answerFits(asker, caller, { api, apiId, stage });
        if (!fits && !tooLarge.includes(caller.label)) tooLarge.push(caller.label);
      }
    }
    if (tooLarge.length === 0) continue;
    const who =
      tooLarge.length > 3 ? `${tooLarge.slice(0, 3).join(", ")} and ${tooLarge.length - 3} more` : tooLarge.join(", ");
    const where = api.answers === "policy" ? "" : ", unless this is an HTTP API with simple answers";
    const text = `the permissions of ${who} do not fit the 8 KB of an authorizer's answer: no decision is made about them (POLICY_TOO_LARGE)${where}; write fewer, wider paths, or TTL 0 and "cached": false`;
    const severity = api.answers === "policy" ? "error" : "warning";
    findings.push(findingAt(store, document, [], { severity, rule: "answer-large", text }));
  }
  return findings;
}

type Caller = ReturnType<PermissionIndex["callers"]>[number];

function stagesOf(api: RegisteredApi): readonly string[] {
  return ["$default", ...api.stages.keys()];
}

function isSurelySmall(caller: Caller, service: string, stage: string, index: PermissionIndex): boolean {
  const rules = index
    .grantedTo(caller)
    .documents.flatMap(({ allow, deny }) => [...allow, ...deny])
    .filter((rule) => rule.service === "*" || rule.service === service);
  const sizes = rules.map((rule) => {
    const paths = rule.paths.reduce(
      (sum, path) => sum + JSON.stringify(path).length + ARN_CHARACTERS + stage.length,
      0,
    );
    return methodsOf(rule).length * paths;
  });
  return (
    sizes.reduce((sum, size) => sum + size, 0) <= SURELY_SMALL_ANSWER &&
    rules.every(({ paths }) => paths.every((path) => path.length <= SURELY_SMALL_PATH))
  );
}

async function answerFits(
  asker: AccountAsker,
  { principal, issuer }: Caller,
  { api, apiId, stage }: { readonly api: RegisteredApi; readonly apiId: string; readonly stage: string },
): Promise<boolean> {
  const account = api.account ?? SOME_ACCOUNT;
  const region = api.region ?? SOME_REGION;
  const question = authorizerQuestion({
    version: "1.0",
    type: "REQUEST",
    methodArn: `arn:aws:execute-api:${region}:${account}:${apiId}/${stage}/GET/`,
    headers: { Authorization: "Bearer stand.in.token" },
  });
  try {
    await asker.ask(question, { principal, issuer });
    return true;
  } catch (error) {
    if (error instanceof GatewayError && error.code === "POLICY_TOO_LARGE") return false;
    throw error;
  }
}
