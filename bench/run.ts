import { writeFile } from "node:fs/promises";
import { type Effort, QUICK, WHOLE } from "./measure.ts";
import { installPeers } from "./peers.ts";
import { type Goal, goalTable, machine, type Section } from "./report.ts";

interface Part {
  readonly title: string;
  readonly intro: string;
  readonly run: () => Promise<(effort: Effort) => Promise<Section>>;
}

/** `npm run bench -- warm` runs one. */
const SECTIONS: Readonly<Record<string, Part>> = {
  verify: {
    title: "A new token, key in memory",
    intro:
      "Signature, shape and claims; nothing of the call around it. `bare verify` is one call of `node:crypto` and nothing else.",
    run: async () => (await import("./sections/verify.ts")).verifySection,
  },
  warm: {
    title: "The whole warm call",
    intro: "A REST API's event in, permissions of 20 rules, the policy out, one line of audit written into memory.",
    run: async () => (await import("./sections/authorizer.ts")).authorizerSection,
  },
  garbage: {
    title: "What is refused",
    intro: "Ratios over one bare verification: below 1, garbage costs less than the check that it is spared.",
    run: async () => (await import("./sections/garbage.ts")).garbageSection,
  },
  growth: {
    title: "What does not grow",
    intro: "Ratios over the smallest number, taken inside one round. Tokens are new ones, more than any cache holds.",
    run: async () => (await import("./sections/growth.ts")).growthSection,
  },
  memory: {
    title: "Memory",
    intro: "Heap of one environment after it has met so many: bounded, whatever comes.",
    run: async () => (await import("./sections/memory.ts")).memorySection,
  },
  cold: {
    title: "Cold start",
    intro:
      "From the start of a process to its first decision: `dist/functions/authorizer.mjs` as it is deployed, with the key set " +
      "snapshot in a parameter store on loopback behind TLS.",
    run: async () => (await import("./sections/cold.ts")).coldSection,
  },
  fleet: {
    title: "A fleet and the pace of SSM",
    intro: "Authorizers as deployed, over one store that throttles as SSM does; time is simulated, nothing sleeps.",
    run: async () => (await import("./sections/fleet.ts")).fleetSection,
  },
};

const { quick, wanted } = readArguments(process.argv.slice(2));
const effort = quick ? QUICK : WHOLE;
installPeers();

const goals: Goal[] = [];
const texts: string[] = [];
for (const name of wanted) {
  const part = SECTIONS[name];
  if (part === undefined) continue;
  const before = performance.now();
  const section = await (await part.run())(effort);
  const seconds = Math.round((performance.now() - before) / 1000);
  texts.push(`## ${part.title}\n\n${part.intro}\n\n\`npm run bench -- ${name}\`, ${seconds} s.\n\n${section.markdown}`);
  goals.push(...section.goals);
  console.log(`\n${texts.at(-1)}`);
}
console.log(
  quick ? "\nEvery section runs. These figures mean nothing: `npm run bench` takes its time." : `\n${goalTable(goals)}`,
);

if (!quick && wanted.length === Object.keys(SECTIONS).length) {
  await writeFile(new URL("./RESULTS.md", import.meta.url), wholeReport());
  console.log("\nwritten: bench/RESULTS.md");
}

function wholeReport(): string {
  return `# What it costs

Written by \`npm run bench\`. Ratios repeat to about a tenth; microseconds are this machine's. What they mean and how they are
taken: [docs/performance.md](../docs/performance.md). A million decisions: [SOAK.md](SOAK.md). What is counted and not measured (calls of
SSM, cold starts while issuers are gone) is tested: [docs/faults.md](../docs/faults.md).

${machine()}
- ${new Date().toISOString().slice(0, 10)}; each contender ${WHOLE.rounds} rounds of ${WHOLE.batchMs} ms, in turns, medians

## Goals

${goalTable(goals)}

${texts.join("\n\n")}
`;
}

function readArguments(given: readonly string[]): { quick: boolean; wanted: readonly string[] } {
  const names = given.filter((argument) => argument !== "--quick");
  const unknown = names.filter((name) => !Object.hasOwn(SECTIONS, name));
  if (unknown.length > 0) {
    console.error(`no such section: ${unknown.join(", ")}; there are ${Object.keys(SECTIONS).join(", ")}`);
    process.exit(2);
  }
  return { quick: given.includes("--quick"), wanted: names.length > 0 ? names : Object.keys(SECTIONS) };
}
