import type { SSMClient } from "@aws-sdk/client-ssm";
import { systemClock } from "../../lib/clock.ts";
import { Pace } from "./pace.ts";
import { checkRegion, createSsmClient } from "./ssm-store.ts";

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
  #checked: Promise<void> | undefined;

  constructor({ prefix, rate, endpoint }: PacedSsmOptions) {
    this.prefix = prefix;
    this.client = createSsmClient(endpoint);
    this.#pace = new Pace(rate, systemClock);
  }

  /** Throws `CliError` where the SDK's own settings name no region: no call would get anywhere. */
  ready(): Promise<void> {
    this.#checked ??= checkRegion(this.client);
    return this.#checked;
  }

  /** Waits until another call may be made. Throws as `ready`. */
  protected async turn(): Promise<void> {
    await this.ready();
    await this.#pace.turn();
  }
}
