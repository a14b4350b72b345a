import { setImmediate as nextTurn } from "node:timers/promises";
import { type App, createApp } from "../lib/app.ts";
import type { ReadParameters } from "../lib/aws/parameter-reader.ts";
import { GatewayError } from "../lib/errors.ts";
import { RateLimit } from "../offline/parameter-store/rate-limit.ts";
import { SimulatedClock } from "../test/support/simulated-clock.ts";
import { allowedPath, CONTEXT, MemoryStore, makeCluster, mint, restEvent, rules } from "./fixture.ts";

/** Reads a second that SSM answers for an account and region: by default, and with higher throughput (GetParameters). */
export const DEFAULT_READS = 40;
export const HIGH_THROUGHPUT_READS = 1000;

const ROUND_TRIP_SECONDS = 0.01;
/** As podgate's own reader: a second attempt after a pause of up to 300 ms. */
const LONGEST_PAUSE_SECONDS = 0.3;
const PATH = allowedPath(20);
const GOLDEN_RATIO = 0.618;

/** What a fleet of authorizers did. */
export interface FleetCounts {
  readonly decisions: number;
  /** Decisions that could not be made: a 5xx. */
  readonly failed: number;
  /** Decisions made on documents beyond their age, because a read was throttled. */
  readonly stale: number;
  /** Calls of the store by the second in which they were made, refused ones included. */
  readonly callsBySecond: ReadonlyMap<number, number>;
}

/**
 * Authorizers as deployed, over one store that throttles as SSM does, in simulated time: nothing sleeps, so an hour takes as
 * long as its decisions take to compute. Other readers of the account's SSM are left out.
 */
export class Fleet {
  readonly #clock = new SimulatedClock(Math.floor(Date.now() / 1000));
  readonly #startedAt = this.#clock.now();
  readonly #cluster = makeCluster("prod", "ES256");
  readonly #store = new MemoryStore();
  readonly #limit: RateLimit;
  readonly #tokens: readonly string[];
  readonly #callsBySecond = new Map<number, number>();
  #decisions = 0;
  #failed = 0;
  #stale = 0;

  constructor(readsPerSecond: number, principals: number) {
    this.#limit = new RateLimit(readsPerSecond, () => this.#clock.now());
    this.#store.register(this.#cluster);
    this.#store.putApi();
    this.#store.putPermissions("_all", { allow: rules(20) });
    this.#tokens = Array.from({ length: principals }, (_, index) => mint(this.#cluster, `account-${index}`));
  }

  get counts(): FleetCounts {
    const [decisions, failed, stale] = [this.#decisions, this.#failed, this.#stale];
    return { decisions, failed, stale, callsBySecond: this.#callsBySecond };
  }

  start(): App {
    return createApp(
      { needsAudiences: false, env: { PODGATE_PARAMETER_PREFIX: "/podgate/bench" } },
      {
        clock: this.#clock,
        readParameters: this.#read,
        writeLine: (line) => {
          if (line.includes('"StaleDocumentsServed":')) this.#stale += 1;
        },
        fetchJson: () => Promise.reject(new Error("no issuer is asked here")),
      },
    );
  }

  /** So many environments start in each second and decide once, for so many seconds. */
  async startCold(perSecond: number, seconds: number): Promise<void> {
    const begin = async (index: number) => {
      await this.#clock.wait(index / perSecond);
      await this.#decide(this.start(), this.#token(index));
    };
    await this.#clock.run(Promise.all(Array.from({ length: perSecond * seconds }, (_, index) => begin(index))));
  }

  /** So many environments start at the same moment and decide once. */
  async startAtOnce(environments: number): Promise<void> {
    const first = Array.from({ length: environments }, (_, index) => this.#decide(this.start(), this.#token(index)));
    await this.#clock.run(Promise.all(first));
  }

  /** Each principal calls each environment once in `everySeconds`, all environments from the same moment on. */
  async runSteadily(environments: number, seconds: number, everySeconds: number): Promise<void> {
    const apps = Array.from({ length: environments }, () => this.start());
    // The first decisions come over a minute, so that the steady load is judged and not the start.
    const begin = async (app: App, index: number) => {
      await this.#clock.wait((60 * index) / environments);
      for (const token of this.#tokens) await this.#decide(app, token);
    };
    await this.#clock.run(Promise.all(apps.map(begin)));
    this.#forget();
    for (let begunAt = this.#clock.now(); this.#clock.now() < begunAt + seconds; ) {
      const next = this.#clock.now() + everySeconds;
      // Calls of one environment come one after the other, environments all over the time and in no order: neighbours, which
      // started together, must not call together too.
      const calls = apps.map(async (app, index) => {
        await this.#clock.wait(everySeconds * ((index * GOLDEN_RATIO) % 1));
        for (const token of this.#tokens) await this.#decide(app, token);
      });
      await this.#clock.run(Promise.all(calls));
      await this.#clock.run(this.#clock.wait(next - this.#clock.now()));
    }
  }

  #token(index: number): string {
    return this.#tokens[index % this.#tokens.length] ?? "";
  }

  #forget(): void {
    this.#callsBySecond.clear();
    this.#decisions = 0;
    this.#failed = 0;
    this.#stale = 0;
  }

  async #decide(app: App, token: string): Promise<void> {
    this.#decisions += 1;
    try {
      await app.authorize(restEvent(token, PATH), CONTEXT);
    } catch {
      this.#failed += 1;
    }
  }

  readonly #read: ReadParameters = async (names) => {
    for (let attempt = 1; ; attempt++) {
      const second = Math.floor(this.#clock.now() - this.#startedAt);
      this.#callsBySecond.set(second, (this.#callsBySecond.get(second) ?? 0) + 1);
      const passes = this.#limit.take();
      await this.#clock.wait(ROUND_TRIP_SECONDS);
      if (passes) return this.#store.find(names);
      if (attempt === 2) throw new GatewayError("PARAMETERS_UNAVAILABLE", "ThrottlingException");
      await this.#clock.wait(Math.random() * LONGEST_PAUSE_SECONDS);
      await nextTurn();
    }
  };
}
