/** One way to do a thing, run `count` times in a row. The index differs in each run, so that inputs can take turns. */
export interface Contender {
  readonly name: string;
  run(count: number): void | Promise<void>;
}

export interface Effort {
  readonly rounds: number;
  /** Milliseconds that one contender runs in one round. */
  readonly batchMs: number;
  /** Fresh processes of each kind. */
  readonly processes: number;
  /** Tokens that take turns: more than any cache of verified ones holds, so that each is a new one. */
  readonly tokens: number;
  /** How much of what is counted in thousands is really made. */
  readonly share: number;
}

export const WHOLE: Effort = { rounds: 41, batchMs: 8, processes: 21, tokens: 1200, share: 1 };
/** Proves that everything runs; its figures mean nothing. */
export const QUICK: Effort = { rounds: 2, batchMs: 0.5, processes: 1, tokens: 20, share: 0.01 };

/** Quantiles over rounds. */
export interface Spread {
  readonly p10: number;
  readonly median: number;
  readonly p90: number;
}

export interface Measured {
  readonly name: string;
  /** Microseconds for one run. */
  readonly micros: Spread;
  /** CPU time for one run, of all threads. */
  readonly cpuMicros: number;
  /** Over the first contender, taken inside the round, so that what slows the machine down slows both. */
  readonly ratio: Spread;
}

/** A contender that answers at once. */
export function sync(name: string, once: (index: number) => unknown): Contender {
  let index = 0;
  return {
    name,
    run: (count) => {
      for (let done = 0; done < count; done++) once(index++);
    },
  };
}

/** A contender that answers by a promise; one call at a time, as Lambda calls. */
export function async(name: string, once: (index: number) => Promise<unknown>): Contender {
  let index = 0;
  return {
    name,
    run: async (count) => {
      for (let done = 0; done < count; done++) await once(index++);
    },
  };
}

/** The items in turn. */
export function turn<T>(items: readonly T[], index: number): T {
  return items[index % items.length] as T;
}

/** Runs the contenders in turns, in another order in each round. The first one is what the others are held against. */
export async function measure(contenders: readonly Contender[], effort: Effort): Promise<Measured[]> {
  const counts = new Map<Contender, number>();
  for (const contender of contenders) counts.set(contender, await calibrate(contender, effort));
  const samples = new Map(contenders.map((contender) => [contender, { wall: [] as number[], cpu: [] as number[] }]));
  // Half as many rounds before the first that counts: so long the engine compiles what it finds hot, and takes it back.
  for (let round = -Math.floor(effort.rounds / 2); round < effort.rounds; round++) {
    for (const contender of shuffled(contenders)) {
      const count = counts.get(contender) ?? 1;
      const cpuBefore = process.cpuUsage();
      const before = process.hrtime.bigint();
      await contender.run(count);
      const wall = Number(process.hrtime.bigint() - before) / 1000;
      const cpu = process.cpuUsage(cpuBefore);
      if (round < 0) continue;
      samples.get(contender)?.wall.push(wall / count);
      samples.get(contender)?.cpu.push((cpu.user + cpu.system) / count);
    }
  }
  const [first] = contenders;
  const reference = (first && samples.get(first)?.wall) ?? [];
  return contenders.map((contender) => {
    const { wall, cpu } = samples.get(contender) ?? { wall: [], cpu: [] };
    return {
      name: contender.name,
      micros: spreadOf(wall),
      cpuMicros: spreadOf(cpu).median,
      ratio: spreadOf(wall.map((micros, round) => micros / (reference[round] ?? Number.NaN))),
    };
  });
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return { p10: at(0.1), median: at(0.5), p90: at(0.9) };
}

export function shuffled<T>(items: readonly T[]): T[] {
  const order = items.map((item) => ({ item, key: Math.random() }));
  return order.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

/** How often a contender runs in `batchMs`, once it is warm. */
async function calibrate(contender: Contender, { batchMs }: Effort): Promise<number> {
  let count = 1;
  for (;;) {
    const before = performance.now();
    await contender.run(count);
    const took = performance.now() - before;
    if (took >= batchMs * 2) return Math.max(1, Math.round((count * batchMs) / took));
    count *= 2;
  }
}
