import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
  type Document as YamlDocument,
} from "yaml";
import { CliError, EXIT } from "../exit-code.ts";
import type { Finding } from "./finding.ts";

/** API Gateway keeps an answer of a REST API's authorizer so long where nobody says (CreateAuthorizer). */
const REST_DEFAULT_SECONDS = 300;

/** API Gateway does not know when a token expires: what it keeps outlives the token by as much. */
const RECOMMENDED_SECONDS = 60;

/**
 * The Lambda authorizers of a serverless.yml: answers that API Gateway keeps under too little of what they depend on, and
 * for too long. Throws `CliError` for what is no YAML.
 */
export function lintServerless(text: string, file: string): readonly Finding[] {
  const lines = new LineCounter();
  // Tags of CloudFormation (!Ref, !GetAtt) are no matter here.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "silent" });
  const [fault] = document.errors;
  if (fault !== undefined) {
    throw new CliError(EXIT.INPUT, `${file}:${lines.linePos(fault.pos[0]).line}: not readable as YAML`);
  }
  const root = isMap(document.contents) ? document.contents : undefined;
  const findings: Finding[] = [];
  const report = (node: Node, severity: Finding["severity"], problem: string) => {
    const line = lines.linePos(node.range?.[0] ?? 0).line;
    findings.push({ severity, rule: "authorizer-ttl", name: file, location: `${file}:${line}`, text: problem });
  };

  for (const authorizer of httpApiAuthorizers(root)) lintHttpApi(authorizer, report);
  for (const authorizer of restAuthorizers(root, document)) lintRest(authorizer, report);
  return findings;
}

type Report = (node: Node, severity: Finding["severity"], problem: string) => void;

/** `provider.httpApi.authorizers`: those of type `request` are Lambda authorizers. */
function httpApiAuthorizers(root: YAMLMap | undefined): YAMLMap[] {
  const authorizers = at(root, ["provider", "httpApi", "authorizers"]);
  const maps = isMap(authorizers) ? authorizers.items.map(({ value }) => value).filter(isMap) : [];
  return maps.filter((authorizer) => textOf(authorizer, "type") === "request");
}

/** `functions.*.events[].http.authorizer`, each once where routes share it. */
function restAuthorizers(root: YAMLMap | undefined, document: YamlDocument): YAMLMap[] {
  const functions = at(root, ["functions"]);
  const definitions = isMap(functions) ? functions.items.map(({ value }) => value).filter(isMap) : [];
  const events = definitions.flatMap((definition) => {
    const listed = definition.get("events");
    return isSeq(listed) ? listed.items.filter(isMap) : [];
  });
  const authorizers = events
    .map((event) => at(event, ["http", "authorizer"]))
    .map((value) => (isAlias(value) ? value.resolve(document) : value))
    .filter(isMap);
  return [...new Set(authorizers)].filter(
    (authorizer) => !["cognito_user_pools", "aws_iam"].includes(textOf(authorizer, "type")?.toLowerCase() ?? ""),
  );
}

function lintHttpApi(authorizer: YAMLMap, report: Report): void {
  // Kept only where that is said (CreateAuthorizer, AuthorizerResultTtlInSeconds).
  const seconds = numberOf(authorizer, "resultTtlInSeconds") ?? 0;
  if (seconds === 0) return;
  const sources = textsOf(authorizer, "identitySource");
  const simple = authorizer.get("enableSimpleResponses") === true;
  const missing = ["$context.httpMethod", "$context.path"].filter((source) => !sources.includes(source));
  if (!sources.some((source) => /^\$request\.header\.authorization$/i.test(source))) {
    report(
      authorizer,
      "error",
      "answers are kept without the token among the identity sources: one caller gets another's answer; add $request.header.Authorization",
    );
  } else if (simple && missing.length > 0) {
    report(
      authorizer,
      "error",
      `a simple answer is for one call and is kept ${seconds} s for others: add ${missing.join(" and ")} to identitySource, or resultTtlInSeconds: 0`,
    );
  }
  lintLength(authorizer, seconds, report);
}

function lintRest(authorizer: YAMLMap, report: Report): void {
  const seconds = numberOf(authorizer, "resultTtlInSeconds") ?? REST_DEFAULT_SECONDS;
  if (seconds === 0) return;
  const sources = textsOf(authorizer, "identitySource").flatMap((source) =>
    source.split(",").map((each) => each.trim()),
  );
  const isRequest = textOf(authorizer, "type")?.toLowerCase() === "request";
  if (isRequest && !sources.some((source) => /^method\.request\.header\.authorization$/i.test(source))) {
    report(
      authorizer,
      "error",
      "answers are kept without the token among the identity sources: one caller gets another's answer; add method.request.header.Authorization",
    );
  }
  lintLength(authorizer, seconds, report);
}

function lintLength(authorizer: YAMLMap, seconds: number, report: Report): void {
  if (seconds <= RECOMMENDED_SECONDS) return;
  report(
    authorizer,
    "warning",
    `an answer is kept ${seconds} s, beyond the end of the token and of a permission that is taken back; ${RECOMMENDED_SECONDS} s or less are recommended (resultTtlInSeconds)`,
  );
}

function at(node: YAMLMap | undefined, path: readonly string[]): unknown {
  let value: unknown = node;
  for (const step of path) value = isMap(value) ? value.get(step, true) : undefined;
  return value;
}

function textOf(map: YAMLMap, member: string): string | undefined {
  const value = map.get(member);
  return typeof value === "string" ? value : undefined;
}

function numberOf(map: YAMLMap, member: string): number | undefined {
  const value = map.get(member);
  return typeof value === "number" ? value : undefined;
}

function textsOf(map: YAMLMap, member: string): readonly string[] {
  const value = map.get(member, true);
  const values = isSeq(value) ? value.items : [value];
  return values.map((item) => (isScalar(item) ? item.value : item)).filter((item) => typeof item === "string");
}
