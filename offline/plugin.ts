import type { Invocation } from "./api-gateway/authorizer-answer.ts";
import type { Companion } from "./companion.ts";
import { OfflinePlugin } from "./offline-plugin.ts";

/** What podgate's own `serverless.yml` names: the plugin, with the sample service beside it. */
export default class PodgateItself extends OfflinePlugin {
  protected override async companion(): Promise<Companion> {
    const { sampleCompanion } = await import("./sample/companion.ts");
    return sampleCompanion;
  }

  /** The first round of `refresh-keys` is made at once, so that functions find snapshots as in a deployment; then as scheduled. */
  protected override async ready(invoke: (key: string) => Promise<Invocation>): Promise<void> {
    const round = await invoke("refresh-keys");
    if (round.outcome === "failed") console.error(`podgate offline: no snapshots of key sets (${round.message})`);
  }
}
