import { buildCommand } from "@stricli/core";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { jsonFlag } from "../flags.ts";
import { readDuration } from "../token/duration.ts";
import type { TokenFlags } from "../token/run-token.ts";

export const tokenCommand = buildCommand<TokenFlags, [string], Context>({
  loader: lazily(async () => (await import("../token/run-token.ts")).runToken),
  parameters: {
    flags: {
      audience: {
        kind: "parsed",
        parse: String,
        brief: "Whom the token is for: one of the receiver's audiences; may be given several times",
        placeholder: "audience",
        variadic: true,
        optional: true,
      },
      duration: {
        kind: "parsed",
        parse: readDuration,
        brief: "How long it lives, such as 10m; an hour where the cluster decides",
        placeholder: "time",
        optional: true,
      },
      bound: {
        kind: "parsed",
        parse: String,
        brief: "What it is bound to: pod/<name>, secret/<name> or node/<name>, perhaps /<uid> behind it",
        placeholder: "object",
        optional: true,
      },
      cluster: {
        kind: "parsed",
        parse: String,
        brief: "A cluster of `npm start` on this machine; dev where nothing is said",
        placeholder: "name",
        optional: true,
      },
      server: {
        kind: "parsed",
        parse: String,
        brief: "An API server that needs no credential, such as that of `kubectl proxy`",
        placeholder: "url",
        optional: true,
      },
      kubeconfig: {
        kind: "parsed",
        parse: String,
        inferEmpty: true,
        brief: "A real cluster: of this kubeconfig, or of kubectl's own where no file is given",
        placeholder: "file",
        optional: true,
      },
      context: {
        kind: "parsed",
        parse: String,
        brief: "Another context of the kubeconfig than the current one",
        placeholder: "name",
        optional: true,
      },
      ...jsonFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Whose token", placeholder: "namespace/serviceaccount", parse: String }],
    },
  },
  docs: {
    brief: "Get a token from the offline cluster, or by kubeconfig from a real one",
    fullDescription:
      "Standard output is the token and nothing else; it is the one command that prints one:\n" +
      '  curl -H "Authorization: Bearer $(podgate token payments/billing --audience orders.example.com)" …\n\n' +
      "A kubeconfig's token, token file, client certificate and exec plugin (`aws eks get-token`) are used as kubectl uses them.",
  },
});
