import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { restTokenEvent } from "../test/support/authorizer-events.ts";
import { bundleFunction } from "../test/support/bundle.ts";
import { startWorld, type World } from "../test/support/world.ts";
import { format, machine, table } from "./report.ts";
import type { SoakReply, SoakRequest } from "./soak-process.ts";

type State = Extract<SoakReply, { kind: "state" }>;

export interface SoakFigures {
  readonly decisions: number;
  readonly seconds: number;
  /** Decisions other than they had to be. */
  readonly wrong: number;
  readonly verdicts: Readonly<Record<string, number>>;
  /** After the warm-up, and at the end. */
  readonly before: State;
  readonly after: State;
  /** RSS in bytes after each tenth. */
  readonly rssByTenth: readonly number[];
}

/** Seconds by which the time moves between two batches: every document is read anew, and every fifth time the keys. */
const STEP_SECONDS = 66;
const START = 1_795_478_400;
const DENY_ALL = { deny: [{ service: "*", methods: ["*"], paths: ["*"] }] };

/** What goes on while decisions are made. Each is in force for one batch; what it changes in verdicts is said. */
const DISTURBANCES: readonly {
  readonly expected: "allowed" | "denied" | "Unauthorized";
  readonly begin?: (world: World) => unknown;
  readonly end?: (world: World) => void;
  /** Tokens that no cluster signed. */
  readonly forged?: true;
}[] = [
  { expected: "allowed" },
  { expected: "allowed", begin: ({ cluster }) => cluster("staging").rotate({ step: "publish" }) },
  { expected: "allowed", begin: ({ cluster }) => cluster("staging").rotate({ step: "use" }) },
  { expected: "allowed", begin: ({ cluster }) => cluster("staging").rotate({ step: "withdraw" }) },
  {
    expected: "denied",
    begin: ({ put }) => put("permissions/_all", DENY_ALL),
    end: ({ remove }) => remove("permissions/_all"),
  },
  // Read anew before the store fails: what was denied would stay denied through an outage.
  { expected: "allowed" },
  { expected: "allowed", begin: ({ store }) => store.fault({ kind: "throttle" }), end: ({ store }) => store.fault() },
  { expected: "allowed", begin: ({ store }) => store.fault({ kind: "reset" }), end: ({ store }) => store.fault() },
  {
    expected: "allowed",
    begin: ({ store }) => store.fault({ kind: "hang", calls: 2 }),
    end: ({ store }) => store.fault(),
  },
  {
    expected: "allowed",
    begin: ({ cluster }) => cluster("staging").fault("keys", { kind: "reset" }),
    end: ({ cluster }) => cluster("staging").clearFaults(),
  },
  {
    expected: "allowed",
    begin: ({ cluster }) => cluster("staging").fault("keys", { kind: "private-member" }),
    end: ({ cluster }) => cluster("staging").clearFaults(),
  },
  { expected: "Unauthorized", forged: true },
];

/** Decisions of one warm function while keys rotate, rights are withdrawn and given back, and store and issuer fail. */
export async function runSoak(decisions: number, batch: number): Promise<SoakFigures> {
  let now = START;
  await using bundle = await bundleFunction(new URL("../test/support/stepped-authorizer.ts", import.meta.url));
  await using world = await startWorld({ clock: () => now });
  const script = fileURLToPath(new URL("./soak-process.ts", import.meta.url));
  const child = fork(script, [bundle.module.href], {
    // The young generation has its whole size from the start. V8 would let it grow by some 35 MB in the first half million
    // decisions, once, and no leak of a few megabytes could be told from that.
    execArgv: ["--expose-gc", "--min-semi-space-size=16", "--max-semi-space-size=16"],
    env: { PATH: process.env["PATH"], ...world.env },
    // Its records are a gigabyte, and what they say is tested elsewhere.
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ask = async (request: SoakRequest): Promise<SoakReply> => {
    child.send(request);
    const [reply] = (await once(child, "message")) as [SoakReply];
    return reply;
  };
  const state = async (): Promise<State> => {
    const reply = await ask({ kind: "state" });
    if (reply.kind !== "state") throw new Error("an answer to another question");
    return reply;
  };

  const verdicts: Record<string, number> = {};
  let wrong = 0;
  const runBatches = async (count: number) => {
    for (let done = 0, round = 0; done < count; done += batch, round++) {
      const disturbance = DISTURBANCES[round % DISTURBANCES.length] ?? { expected: "allowed" };
      await disturbance.begin?.(world);
      now += STEP_SECONDS;
      const events = await Promise.all(Array.from({ length: 50 }, () => event(world, disturbance.forged === true)));
      const reply = await ask({ kind: "decide", events, count: batch, now });
      if (reply.kind !== "decided") throw new Error("an answer to another question");
      for (const [verdict, times] of Object.entries(reply.verdicts)) {
        verdicts[verdict] = (verdicts[verdict] ?? 0) + times;
        if (verdict !== disturbance.expected) wrong += times;
      }
      disturbance.end?.(world);
    }
  };
  try {
    // Every disturbance twice, so that what is made once is made.
    await runBatches(2 * DISTURBANCES.length * batch);
    const before = await state();
    const startedAt = performance.now();
    const rssByTenth: number[] = [];
    for (let tenth = 0; tenth < 10; tenth++) {
      await runBatches(decisions / 10);
      rssByTenth.push((await state()).rssBytes);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    return { decisions, seconds, wrong, verdicts, before, after: await state(), rssByTenth };
  } finally {
    child.kill();
    await once(child, "exit");
  }
}

async function event(world: World, forged: boolean): Promise<object> {
  const token = await world.mint("staging");
  // Another last byte of the signature, and so another signature.
  const sent = forged ? `${token.slice(0, -8)}AAAAAAAA` : token;
  return restTokenEvent({ authorization: `Bearer ${sent}`, path: "/v1/status" });
}

export function grownMegabytes({ before, after }: SoakFigures): { readonly rss: number; readonly heap: number } {
  return {
    rss: (after.rssBytes - before.rssBytes) / 1e6,
    heap: (after.heapBytes - before.heapBytes) / 1e6,
  };
}

if (import.meta.main) {
  const figures = await runSoak(1_000_000, 5000);
  const { rss, heap } = grownMegabytes(figures);
  const { decisions, seconds, wrong, verdicts, before, after, rssByTenth } = figures;
  const report = `# Soak

Written by \`npm run soak\`: one warm authorizer, ${format(decisions)} decisions, while keys rotate, rights are withdrawn and given back, and
store and issuer fail in turn; 24 batches of 5,000 before the first measurement, garbage collected before each.

${machine()}

${table(
  ["", "before", "after", "goal"],
  [
    ["RSS, MB", format(before.rssBytes / 1e6), format(after.rssBytes / 1e6), `growth below 20: ${rss.toFixed(1)}`],
    ["heap in use, MB", format(before.heapBytes / 1e6), format(after.heapBytes / 1e6), `growth ${heap.toFixed(1)}`],
    ["open sockets and timers", before.open.join(" ") || "none", after.open.join(" ") || "none", "0 more"],
    ["wrong decisions", "", String(wrong), "0"],
  ],
)}

RSS after each tenth, MB: ${rssByTenth.map((bytes) => format(bytes / 1e6)).join(", ")}.

${Object.entries(verdicts)
  .map(([verdict, times]) => `${format(times)} ${verdict}`)
  .join(", ")} (warm-up included), in ${Math.round(seconds)} s.
`;
  await writeFile(new URL("./SOAK.md", import.meta.url), report);
  console.log(report);
  if (wrong > 0 || rss >= 20 || after.open.length > before.open.length) process.exitCode = 1;
}
