import { type ParameterName, ParameterNames } from "../../lib/aws/parameter-names.ts";
import { isDnsLabel } from "../../lib/names.ts";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag, TargetFlags } from "../flags.ts";
import { offlineEndpointOf, prefixOf } from "../store/open-store.ts";
import { STANDARD_BYTES } from "../store/parameter-size.ts";
import { SsmSecrets } from "../store/ssm-secrets.ts";

export type SecretFlags = TargetFlags & JsonFlag;
export type SetSecretFlags = SecretFlags & { readonly keyId?: string };
export type RemoveSecretFlags = SecretFlags & { readonly yes: boolean };

/** Stores what comes on standard input, and nothing that stands on the command line. */
export async function runSecretSet(context: Context, flags: SetSecretFlags, ...args: string[]): Promise<ExitCode> {
  const { secrets, names } = openSecrets(context, flags);
  const [service = "", secretName = "", ...more] = args;
  if (more.length > 0) {
    throw new CliError(
      EXIT.USAGE,
      "a secret is read from standard input, never from the command line, where every process sees it: if one was there, it is in your shell's history, and should be changed",
    );
  }
  const name = nameOf(names, service, secretName);
  // Before a person types a secret for nothing.
  const known = (await secrets.list(service)).find((entry) => entry.name === secretName);
  const secret = readable(await context.readSecret(`Secret ${secretName} of service ${service}: `));
  const version = await secrets.set(name, secret, flags.keyId ?? known?.keyId);
  context.output.result(
    { service, name: secretName, version },
    flags.json,
    () => `secrets/${service}/${secretName} is stored, version ${version}; the functions use it within five minutes`,
  );
  return EXIT.OK;
}

export async function runSecretList(context: Context, flags: SecretFlags, service?: string): Promise<ExitCode> {
  const { secrets } = openSecrets(context, flags);
  if (service !== undefined && !isDnsLabel(service)) throw new CliError(EXIT.USAGE, NO_SERVICE);
  const entries = await secrets.list(service);
  context.output.result({ secrets: entries }, flags.json, () =>
    entries.length === 0
      ? "No secrets."
      : context.output.table(
          ["SERVICE", "SECRET", "VERSION", "WRITTEN", "KEY"],
          entries.map((entry) => [entry.service, entry.name, String(entry.version), entry.modified, entry.keyId]),
        ),
  );
  return EXIT.OK;
}

export async function runSecretRemove(
  context: Context,
  flags: RemoveSecretFlags,
  service: string,
  secretName: string,
): Promise<ExitCode> {
  const { secrets, names } = openSecrets(context, flags);
  const name = nameOf(names, service, secretName);
  await secrets.ready();
  if (!flags.yes) {
    const answer = await context.ask(
      `Delete secrets/${service}/${secretName} with all its versions? Calls of ${service} that need it fail. Only "yes" does: `,
    );
    if (answer !== "yes")
      throw new CliError(EXIT.NO, "not confirmed (--yes where nobody can be asked); nothing was deleted");
  }
  if (!(await secrets.remove(name))) {
    throw new CliError(
      EXIT.NO,
      `secrets/${service}/${secretName} does not exist; \`podgate secret list\` shows which do`,
    );
  }
  context.output.result(
    { service, name: secretName, deleted: true },
    flags.json,
    () => `secrets/${service}/${secretName} is deleted; SSM keeps no version of it`,
  );
  return EXIT.OK;
}

function openSecrets({ env }: Context, flags: TargetFlags) {
  const prefix = prefixOf(flags, env);
  const endpoint = flags.offline ? offlineEndpointOf(env) : undefined;
  return { secrets: new SsmSecrets({ prefix, rate: flags.rate, endpoint }), names: new ParameterNames(prefix) };
}

const NO_SERVICE = "the first argument is no service's name: expected a DNS-1123 label such as github";

/** What was typed is not repeated: it may be the secret, in a wrong place. */
function nameOf(names: ParameterNames, service: string, secretName: string): ParameterName {
  if (!isDnsLabel(service)) throw new CliError(EXIT.USAGE, NO_SERVICE);
  const name = names.secret(service, secretName);
  if (name !== undefined) return name;
  throw new CliError(
    EXIT.USAGE,
    "the second argument is no secret's name: expected 1 to 64 characters out of A-Z a-z 0-9 _ . -, such as token",
  );
}

/** As the functions take it: one newline at the end is the file's, and none may be inside. */
function readable(input: string): string {
  const secret = input.replace(/\r?\n$/, "");
  const problem =
    secret === ""
      ? "is empty"
      : /[\r\n\0]/.test(secret)
        ? "has more than one line, or a NUL: it could not be sent in a header"
        : /[\ufffd\ufeff]/.test(secret)
          ? "is not UTF-8 text, or begins with a byte order mark, and would not be what the service knows"
          : Buffer.byteLength(secret) > STANDARD_BYTES
            ? `has more than ${STANDARD_BYTES} bytes`
            : undefined;
  if (problem !== undefined)
    throw new CliError(EXIT.INPUT, `what came on standard input ${problem}; nothing was stored`);
  return secret;
}
