import { systemClock } from "../../lib/clock.ts";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag } from "../flags.ts";
import type { Output } from "../output.ts";
import type { ShownMember } from "./claim-words.ts";
import { type Inspection, inspectToken } from "./inspection.ts";
import { distance, timestamp } from "./moment.ts";
import { readToken } from "./read-input.ts";

export type InspectFlags = JsonFlag & { readonly audience?: readonly string[] };

/** Says what a token is and what is wrong with it. Nothing is sent anywhere, and the signature is not shown. */
export async function runInspect(context: Context, flags: InspectFlags, given?: string): Promise<ExitCode> {
  const now = systemClock.now();
  const inspection = inspectToken(await readToken(context, given), flags.audience ?? [], now);
  context.output.result(inspection, flags.json, () => describe(inspection, context.output, now));
  return inspection.verdict === "refused" ? EXIT.NO : EXIT.OK;
}

function describe(inspection: Inspection, output: Output, now: number): string {
  const { family, header, claims, problems, mend, kubeletReplacesAt } = inspection;
  const width = Math.max(...[...header, ...claims].map(({ name }) => name.length), 0);
  const listed = (title: string, members: readonly ShownMember[]) =>
    members.length === 0
      ? []
      : ["", output.style("bold", title), ...members.map((member) => line(member, width, output))];
  return [
    `${output.style("bold", family.title)} [${family.name}]`,
    ...problems.map(
      ({ severity, code, text }) =>
        `${output.style(severity === "error" ? "red" : "yellow", severity)}: ${text} [${code}]`,
    ),
    ...(inspection.verdict === "refused" ? [] : [output.style("green", NOTHING_REFUSED)]),
    ...(kubeletReplacesAt === undefined ? [] : [kubeletLine(kubeletReplacesAt, now)]),
    ...(mend === undefined ? [] : ["", output.style("bold", "volumes[].projected.sources"), `  ${mend}`]),
    ...listed("header", header),
    ...listed("claims", claims),
  ].join("\n");
}

const NOTHING_REFUSED =
  "ok: nothing that podgate would refuse offline; whether the signature, the issuer and the audience are right is for `podgate explain`";

function kubeletLine(moment: number, now: number): string {
  const when = `${distance(moment - now)}, ${timestamp(moment)}`;
  return moment > now
    ? `kubelet replaces the file ${when}, or up to 10 s later: read it for every call`
    : `kubelet should have replaced the file ${when}: is this a copy, or was the file read once?`;
}

function line({ name, value, words }: ShownMember, width: number, output: Output): string {
  return `  ${name.padEnd(width)}  ${value}${words === undefined ? "" : `  ${output.style("dim", `(${words})`)}`}`;
}
