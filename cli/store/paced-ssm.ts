import type { SSMClient } from "@aws-sdk/client-ssm";
import { systemClock } from "../../lib/clock.ts";
import { Pace } from "./pace.ts";
import { createSsmClient } from "./ssm-store.ts";

export interface PacedSsmOptions {
  readonly prefix: string;
  /** Calls a second at most. */
  readonly rate: number;
  /** @default the SDK's own settings */
  readonly endpoint?: string | undefined;
}

/** What stands beside the documents in SSM is read and written by way of this. */
export abstract class PacedSsm {
  protected readonly prefix: string;
  protected readonly client: SSMClient;
  readonly #pace: Pace;

  constructor({ prefix, rate, endpoint }: PacedSsmOptions) {
    this.prefix = prefix;
    this.client = createSsmClient(endpoint);
    this.#pace = new Pace(rate, systemClock);
  }

  /** Waits until another call may be made. */
  protected turn(): Promise<void> {
    return this.#pace.turn();
  }
}
