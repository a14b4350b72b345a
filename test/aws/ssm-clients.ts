import { readDirectSettings } from "../../lib/aws/direct-settings.ts";
import { createDirectSsm } from "../../lib/aws/direct-ssm.ts";
import { createSdkSsm } from "../../lib/aws/sdk-ssm.ts";
import type { CallSsm } from "../../lib/aws/ssm-call.ts";

export interface SsmClient {
  readonly client: string;
  readonly create: () => CallSsm;
}

/** Both ways to ask SSM, with the settings of this process: what one of them does, the other has to do as well. */
export const SSM_CLIENTS: readonly SsmClient[] = [
  { client: "the SDK", create: createSdkSsm },
  {
    client: "the direct client",
    create: () => {
      const direct = createDirectSsm();
      return (operation, input) => {
        const settings = readDirectSettings(process.env);
        if (settings === undefined) throw new Error("these settings are the SDK's alone");
        return direct.call(settings, operation, input);
      };
    },
  },
];
