import type { Companion } from "./companion.ts";
import { OfflinePlugin } from "./offline-plugin.ts";

/** What podgate's own `serverless.yml` names: the plugin, with the sample service beside it. */
export default class PodgateItself extends OfflinePlugin {
  protected override async companion(): Promise<Companion> {
    const { sampleCompanion } = await import("./sample/companion.ts");
    return sampleCompanion;
  }
}
