import { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { isDnsLabel, isDnsSubdomain } from "../../lib/names.ts";
import { isAudience } from "../../lib/permission/receiver.ts";
import { PORTS } from "../../offline/ports.ts";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import { folderTexts } from "../folder/folder-texts.ts";
import { type FileChange, writeToFolder } from "../folder/folder-writer.ts";
import { addIssuer, type IssuerAddFlags } from "../issuer/run-issuer-add.ts";
import { kindOf } from "../store/document-store.ts";
import { parseEntry } from "../store/parsed-document.ts";
import { podManifest } from "./pod-manifest.ts";

export type InitFlags = IssuerAddFlags & {
  readonly issuer?: string;
  readonly service?: string;
  readonly serviceAccount?: string;
  readonly audience?: string;
  readonly api?: string;
  readonly url?: string;
  readonly prefix?: string;
};

interface Answers {
  readonly service: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audience: string;
}

/** Asks for what it is not told, writes the first files, and says what comes next. */
export async function runInit(context: Context, flags: InitFlags): Promise<ExitCode> {
  const { output } = context;
  const ask = async (value: string | undefined, question: string) => value ?? (flags.json ? "" : context.ask(question));
  if (flags.api !== undefined && flags.url !== undefined) {
    throw new CliError(
      EXIT.USAGE,
      "--api is for a service behind your own API, --url for an external one: give one of them, or none where it is registered already",
    );
  }
  const issuer =
    flags.kubeconfig === undefined
      ? await ask(flags.issuer, "The cluster's issuer, such as https://oidc.eks.…: ")
      : undefined;
  const cluster = await ask(flags.cluster, "Your name for the cluster, such as prod-seoul: ");
  const answers = await readAnswers(context, flags, ask);
  const { namespace, serviceAccount, audience } = answers;
  const name = `permissions/${cluster}/${namespace}/${serviceAccount}`;
  if ((await folderTexts(flags.from, context)).has(name)) {
    throw new CliError(EXIT.INPUT, `${name} is in ${flags.from} already; change it there`);
  }

  const documents = documentsOf(flags, { ...answers, name });
  for (const document of documents) checkReadable(document);

  const added = await addIssuer(context, { ...flags, cluster }, issuer);
  const files = await writeToFolder(flags.from, documents);

  const manifest = podManifest({ namespace, serviceAccount, audience });
  const next = nextCommands(context, flags, { ...answers, cluster });
  const written = [...new Set([...added.files, ...files])];
  output.result({ files: written, issuer: added, manifest, next }, flags.json, () =>
    [
      `Written: ${written.join(", ")}`,
      ...added.verified.map((line) => `  checked:      ${line}`),
      ...added.notVerified.map((line) => `  not checked:  ${line}`),
      "",
      "For the cluster:",
      "",
      manifest,
      "Next:",
      "",
      ...next.map((command) => `  ${command}`),
    ].join("\n"),
  );
  return EXIT.OK;
}

async function readAnswers(
  { env }: Context,
  flags: InitFlags,
  ask: (value: string | undefined, question: string) => Promise<string>,
): Promise<Answers> {
  const service = await ask(flags.service, "The first service (a named API), such as orders: ");
  if (!isDnsLabel(service)) throw new CliError(EXIT.USAGE, "--service is missing or no DNS-1123 label, such as orders");
  const account = await ask(flags.serviceAccount, "Who may call it, as <namespace>/<service account>: ");
  const [namespace, serviceAccount, ...more] = account.split("/");
  if (!isDnsLabel(namespace) || !isDnsSubdomain(serviceAccount) || more.length > 0) {
    throw new CliError(
      EXIT.USAGE,
      "--service-account is missing or not <namespace>/<service account>, such as payments/billing",
    );
  }
  const known = flags.audience ?? (flags.offline && flags.api === undefined ? gatewayOffline(env) : undefined);
  const audience = await ask(
    known,
    "What its tokens are meant for (the audience): the gateway's URL, or that of your API: ",
  );
  if (!isAudience(audience))
    throw new CliError(EXIT.USAGE, "--audience is missing or not 1 to 1,024 printable ASCII characters");
  return { service, namespace, serviceAccount, audience };
}

/** The URL of `npm start` is its audience. */
function gatewayOffline(env: Context["env"]): string {
  const { variable, port } = PORTS.gateway;
  return `http://127.0.0.1:${env[variable] ?? port}`;
}

function documentsOf(
  { api, url }: InitFlags,
  { name, service, audience }: Answers & { readonly name: string },
): FileChange[] {
  const document = (at: string, value: object) => ({ name: at, text: JSON.stringify(value) });
  return [
    ...(api === undefined ? [] : [document(`apis/${api}`, { service, audiences: [audience] })]),
    ...(url === undefined ? [] : [document(`services/${service}`, { url, credential: { type: "none" } })]),
    document(name, { allow: [{ service, methods: ["GET"], paths: ["/*"] }] }),
  ];
}

/** As `plan` will read it. Throws `DOCUMENT_INVALID` for an id that is none, a URL that is none. */
function checkReadable({ name, text }: FileChange): void {
  const kind = kindOf(name);
  if (kind === undefined || text === undefined) return;
  parseEntry(
    { name, kind, stored: { name: `${PREFIX}/${name}`, version: 1, revision: "1", text } },
    new ParameterNames(PREFIX),
  );
}

const PREFIX = "/podgate/folder";

function nextCommands(
  { env }: Context,
  { from, offline, prefix, api }: InitFlags,
  { cluster, namespace, serviceAccount, service, audience }: Answers & { readonly cluster: string },
): string[] {
  const stored = prefix ?? env["PODGATE_PARAMETER_PREFIX"];
  const store = offline ? "--offline" : `--prefix ${stored === undefined ? "/podgate/<stage>" : shellWord(stored)}`;
  const gateway = /^https?:\/\/[\w.:/-]+$/.test(audience) ? audience.replace(/\/$/, "") : "https://<the gateway>";
  const call = api === undefined ? `${gateway}/services/${service}/` : "https://<your API>/";
  return [
    `podgate plan --from ${shellWord(from)} ${store}`,
    `podgate apply --from ${shellWord(from)} ${store}`,
    offline
      ? `curl ${call} -H "Authorization: Bearer $(podgate token ${namespace}/${serviceAccount} --cluster ${cluster} --audience ${shellWord(audience)})"`
      : `kubectl -n ${namespace} exec deploy/${serviceAccount} -- sh -c 'curl ${call} -H "Authorization: Bearer $(cat /var/run/secrets/podgate/token)"'`,
  ];
}

/** As a person pastes it into a shell. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
