import { IssuerKeys, type IssuerKeysOptions } from "../../lib/issuer/issuer-keys.ts";
import type { IssuerRecord } from "../../lib/issuer/issuer-source.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { ecKey, issuerWith, Publisher, recordOf, START } from "./support.ts";

export const k1 = ecKey("k1").jwk;
export const k2 = ecKey("k2").jwk;
export const k3 = ecKey("k3").jwk;

/** The keys of one issuer in one environment, and everything around them. */
export interface Setup {
  readonly clock: ManualClock;
  readonly publisher: Publisher;
  readonly keys: IssuerKeys;
  /** What the store has now. */
  store: IssuerRecord | undefined;
  rereads: number;
  /** The codes for which older keys served; `undefined` where the issuer has not answered yet. */
  readonly stale: (string | undefined)[];
  /** Ages of the keys that tokens were judged by. */
  readonly ages: number[];
  /** `kid` found or not, for a token that comes now. */
  has(keyId: string, record?: IssuerRecord): Promise<boolean>;
}

export function setUp(record: IssuerRecord = recordOf(issuerWith()), options: Partial<IssuerKeysOptions> = {}): Setup {
  const clock = new ManualClock(START);
  const publisher = new Publisher().publish([k1]);
  const keys = new IssuerKeys({
    fetchJson: publisher.fetchJson,
    clock,
    maxAgeSeconds: 300,
    maxStaleSeconds: 7200,
    onStaleKeys: (_issuer, reason) => setup.stale.push(reason?.code),
    onKeysUsed: (age) => setup.ages.push(age),
    reread: async () => {
      setup.rereads += 1;
      return setup.store;
    },
    ...options,
  });
  const setup: Setup = {
    clock,
    publisher,
    keys,
    store: record,
    rereads: 0,
    stale: [],
    ages: [],
    has: async (keyId, current = record) => (await keys.find(current, keyId)) !== undefined,
  };
  return setup;
}
