import { buildCommand, buildRouteMap, type FlagParametersForType } from "@stricli/core";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { bothFlags, jsonFlag } from "../flags.ts";
import type { IssuerAddFlags } from "../issuer/run-issuer-add.ts";

/** What `issuer add` and `init` have to know about a cluster. */
export const issuerFlags = {
  cluster: {
    kind: "parsed",
    parse: String,
    brief: "Your name for the cluster, such as prod-seoul",
    placeholder: "name",
    optional: true,
  },
  group: {
    kind: "parsed",
    parse: String,
    brief: "A group of clusters that share permissions",
    placeholder: "name",
    optional: true,
  },
  from: bothFlags.from,
  kubeconfig: {
    kind: "parsed",
    parse: String,
    inferEmpty: true,
    brief: "In place of the URL: the cluster of this kubeconfig, or of kubectl's own where no file is given",
    placeholder: "file",
    optional: true,
  },
  context: {
    kind: "parsed",
    parse: String,
    brief: "A context of the kubeconfig; by default the current one",
    placeholder: "name",
    optional: true,
  },
  static: {
    kind: "boolean",
    brief: "Keep the keys as they are now; nothing is ever fetched",
    default: false,
    withNegated: false,
  },
  certificateAuthority: {
    kind: "parsed",
    parse: String,
    brief: "PEM of a private authority for the issuer's certificate",
    placeholder: "file",
    optional: true,
  },
  private: {
    kind: "boolean",
    brief: "The functions reach the issuer at a private address",
    default: false,
    withNegated: false,
  },
  offline: {
    kind: "boolean",
    brief: "The issuer is one of `npm start`: plain http on this machine",
    default: false,
    withNegated: false,
  },
  ...jsonFlag,
} as const satisfies FlagParametersForType<IssuerAddFlags, Context>;

const addCommand = buildCommand<IssuerAddFlags, [string?], Context>({
  loader: lazily(async () => (await import("../issuer/run-issuer-add.ts")).runIssuerAdd),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "The issuer, such as https://oidc.eks.…", placeholder: "url", parse: String, optional: true },
      ],
    },
    flags: issuerFlags,
  },
  docs: {
    brief: "Look at a cluster's issuer as the functions will, and write its document",
    fullDescription:
      "podgate issuer add https://oidc.eks.eu-west-1.amazonaws.com/id/… --cluster prod\n" +
      "podgate issuer add --kubeconfig --cluster dev      # kubeadm, kind, k3s: static keys\n\n" +
      "Says what was checked and what was not. Exit code 4 where the issuer cannot be used.",
  },
});

export const issuerCommands = buildRouteMap({
  routes: { add: addCommand },
  docs: { brief: "Issuers of clusters: add" },
});
