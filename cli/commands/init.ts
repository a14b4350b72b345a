import { buildCommand } from "@stricli/core";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { storeFlags } from "../flags.ts";
import type { InitFlags } from "../init/run-init.ts";
import { issuerFlags } from "./issuer.ts";

const text = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: String, brief, placeholder, optional: true }) as const;

export const initCommand = buildCommand<InitFlags, [], Context>({
  loader: lazily(async () => (await import("../init/run-init.ts")).runInit),
  parameters: {
    flags: {
      issuer: text("The cluster's issuer, such as https://oidc.eks.…", "url"),
      ...issuerFlags,
      service: text("The first service, such as orders", "name"),
      serviceAccount: text("Who may call it", "namespace/name"),
      audience: text("What the tokens are meant for: the gateway's URL, or the audience of your API", "audience"),
      api: text("The service is behind this API of yours, by its id in API Gateway", "id"),
      url: text("The service is an external one at this URL, called without credential for now", "url"),
      prefix: { ...storeFlags.prefix, brief: "The store that the next commands name [PODGATE_PARAMETER_PREFIX]" },
    },
  },
  docs: {
    brief: "Write the first files for a cluster, a service and a service account",
    fullDescription:
      "Asks for what no flag says, looks at the issuer as `issuer add` does, writes the folder, and prints the pod's manifest and\n" +
      "the next three commands. Nothing is written to the store.",
  },
});
