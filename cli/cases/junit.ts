import type { CaseResult } from "./case-result.ts";

/** Results in the XML that CI systems read (JUnit's, as Ant and Maven Surefire write it): a suite for each file. */
export function junitXml(results: readonly CaseResult[]): string {
  const suites = [...Map.groupBy(results, ({ file }) => file)];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="podgate test" ${totals(results)}>`,
    ...suites.flatMap(([file, cases]) => [
      `  <testsuite name="${escapeXml(file)}" ${totals(cases)}>`,
      ...cases.map(caseXml),
      "  </testsuite>",
    ]),
    "</testsuites>",
    "",
  ].join("\n");
}

function totals(results: readonly CaseResult[]): string {
  const errors = results.filter(({ undecided }) => undecided).length;
  const failures = results.filter(({ passed }) => !passed).length - errors;
  const time = results.reduce((sum, { seconds }) => sum + seconds, 0);
  return `tests="${results.length}" failures="${failures}" errors="${errors}" skipped="0" time="${time.toFixed(3)}"`;
}

/** What could not be decided is an error, as of a test that broke. */
function caseXml({ name, file, location, passed, undecided, expected, actual, detail, seconds }: CaseResult): string {
  const attributes = `name="${escapeXml(name)}" classname="${escapeXml(file)}" time="${seconds.toFixed(3)}"`;
  if (passed) return `    <testcase ${attributes}/>`;
  const message = escapeXml(`expected ${expected}, was ${actual}`);
  const element = undecided ? "error" : "failure";
  return `    <testcase ${attributes}><${element} message="${message}">${escapeXml(`${location}: ${detail}`)}</${element}></testcase>`;
}

/** What XML gives a meaning, and what it cannot hold (XML 1.0 §2.2). */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
