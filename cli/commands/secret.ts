import { buildCommand, buildRouteMap } from "@stricli/core";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { jsonFlag, targetFlags, yesFlag } from "../flags.ts";
import type { RemoveSecretFlags, SecretFlags, SetSecretFlags } from "../secret/run-secret.ts";

const service = { brief: "The service's name, such as github", placeholder: "service", parse: String };
const secret = { brief: "The secret's name, such as token", placeholder: "secret", parse: String };

const setCommand = buildCommand<SetSecretFlags, string[], Context>({
  loader: lazily(async () => (await import("../secret/run-secret.ts")).runSecretSet),
  parameters: {
    // A list, so that a secret which was typed behind the names is answered with what to do about it.
    positional: {
      kind: "array",
      parameter: { brief: "The service and the secret's name", placeholder: "service secret", parse: String },
      minimum: 2,
    },
    flags: {
      ...targetFlags,
      keyId: {
        kind: "parsed",
        parse: String,
        brief: "The KMS key that encrypts it; by default that of the version before, else aws/ssm",
        placeholder: "key",
        optional: true,
      },
      ...jsonFlag,
    },
  },
  docs: {
    brief: "Store a secret of a service, encrypted; it comes on standard input",
    fullDescription: "podgate secret set github token < token.txt",
  },
});

const listCommand = buildCommand<SecretFlags, [string?], Context>({
  loader: lazily(async () => (await import("../secret/run-secret.ts")).runSecretList),
  parameters: {
    positional: { kind: "tuple", parameters: [{ ...service, optional: true }] },
    flags: { ...targetFlags, ...jsonFlag },
  },
  docs: { brief: "Name the secrets, without reading them" },
});

const removeCommand = buildCommand<RemoveSecretFlags, [string, string], Context>({
  loader: lazily(async () => (await import("../secret/run-secret.ts")).runSecretRemove),
  parameters: {
    positional: { kind: "tuple", parameters: [service, secret] },
    flags: { ...targetFlags, ...yesFlag, ...jsonFlag },
  },
  docs: { brief: "Delete a secret" },
});

export const secretCommands = buildRouteMap({
  routes: { set: setCommand, list: listCommand, rm: removeCommand },
  docs: { brief: "Secrets of services: set, list, rm" },
});
