import { readFile } from "node:fs/promises";
import { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { systemClock } from "../../lib/clock.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { Algorithm } from "../../lib/issuer/algorithm.ts";
import { type IssuerUrl, parseIssuerUrl } from "../../lib/issuer/issuer-url.ts";
import type { KeySet } from "../../lib/issuer/key-set.ts";
import { snapshotText } from "../../lib/issuer/key-snapshot.ts";
import { parseTrustedIssuer, type TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { isDnsLabel } from "../../lib/names.ts";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag } from "../flags.ts";
import { folderTexts } from "../folder/folder-texts.ts";
import { type FileChange, writeToFolder } from "../folder/folder-writer.ts";
import { openKubeconfig } from "../kubeconfig/kube-api.ts";
import { quote } from "../wording.ts";
import { checkPublished, compareWithServer, readServerKeys, type ServerKeys } from "./issuer-check.ts";
import { shapeOf } from "./issuer-shape.ts";

export type IssuerAddFlags = JsonFlag & {
  readonly from: string;
  readonly cluster?: string;
  readonly group?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly static: boolean;
  readonly certificateAuthority?: string;
  readonly private: boolean;
  readonly offline: boolean;
};

/** What is known about an issuer after it was looked at, and what becomes of it. */
export interface AddedIssuer {
  readonly url: string;
  readonly cluster: string;
  readonly kind: string;
  readonly keys: "discovered" | "static";
  readonly verified: readonly string[];
  readonly notVerified: readonly string[];
  readonly notes: readonly string[];
  readonly files: readonly string[];
}

export async function runIssuerAdd(context: Context, flags: IssuerAddFlags, url?: string): Promise<ExitCode> {
  const added = await addIssuer(context, flags, url);
  context.output.result(added, flags.json, () =>
    [
      `${added.url}: ${added.kind}`,
      ...added.verified.map((line) => `  checked:      ${line}`),
      ...added.notVerified.map((line) => `  not checked:  ${line}`),
      ...added.notes.map((line) => `  note:         ${line}`),
      `Cluster ${added.cluster} is in ${added.files.join(", ")}; \`podgate plan\` says what that changes.`,
    ].join("\n"),
  );
  return EXIT.OK;
}

/** Looks at an issuer as the functions will and writes its document, and its keys where nobody can fetch them. */
export async function addIssuer(context: Context, flags: IssuerAddFlags, url?: string): Promise<AddedIssuer> {
  if ((url === undefined) === (flags.kubeconfig === undefined)) {
    throw new CliError(EXIT.USAGE, "say the issuer's URL, or --kubeconfig for the cluster that says its own");
  }
  const server =
    flags.kubeconfig === undefined
      ? undefined
      : await readServerKeys(await openKubeconfig(flags.kubeconfig, flags.context, context.env));
  const issuerUrl = parseIssuerUrl(url ?? server?.issuer, flags.offline);
  if (issuerUrl === undefined) throw new CliError(EXIT.USAGE, `${quote(url ?? server?.issuer ?? "")} ${NOT_AN_ISSUER}`);
  const shape = shapeOf(issuerUrl);
  const cluster = await clusterOf(context, flags);
  const names = namesOf(issuerUrl);
  await checkFolder(context, flags, { cluster, name: names.issuer });

  const document = {
    url: issuerUrl,
    cluster,
    ...(flags.group !== undefined && { group: flags.group }),
    ...(flags.private && { network: "private" }),
    ...(flags.certificateAuthority !== undefined && {
      certificateAuthority: await readPem(flags.certificateAuthority),
    }),
  };
  const issuer = trusted(names.issuer, document);
  const found = await findKeys(issuer, { flags, server, isShared: shape.isShared });
  const text = JSON.stringify({ ...document, ...algorithmsOf(found.keys), ...(found.isStatic && { keys: "static" }) });
  const changes: FileChange[] = [{ name: names.issuer, text }];
  if (found.isStatic) changes.push({ name: names.keys, text: staticText(issuer, found.keys) });
  const files = await writeToFolder(flags.from, changes);
  return {
    url: issuerUrl,
    cluster,
    kind: shape.title,
    keys: found.isStatic ? "static" : "discovered",
    verified: found.verified,
    notVerified: [
      ...(server === undefined ? [`that this is the cluster you call ${cluster}: nothing but its URL says so`] : []),
      "that its tokens verify: `podgate doctor` with a token of the cluster does",
    ],
    notes: [
      ...shape.notes,
      ...(found.isStatic
        ? ["static keys are never fetched: when the cluster rotates its keys, add the issuer anew"]
        : []),
    ],
    files,
  };
}

const NOT_AN_ISSUER =
  "is no issuer that can be registered: expected https://host/path, the host in lower case, without user, query and fragment (--offline permits http://127.0.0.1)";

interface FoundKeys {
  readonly keys: KeySet;
  readonly isStatic: boolean;
  readonly verified: readonly string[];
}

async function findKeys(
  issuer: TrustedIssuer,
  {
    flags,
    server,
    isShared,
  }: { readonly flags: IssuerAddFlags; readonly server: ServerKeys | undefined; readonly isShared: boolean },
): Promise<FoundKeys> {
  if (isShared || flags.static) {
    if (server !== undefined) return { ...server, isStatic: true };
    if (isShared) {
      throw new CliError(
        EXIT.USAGE,
        "nobody outside of a cluster can fetch keys at this default issuer: give --kubeconfig, so that the keys are read from the API server",
      );
    }
  }
  const published = await checkPublished(issuer, flags.offline);
  if (!(published instanceof GatewayError)) {
    const compared = server && compareWithServer(published.keys, server.keys);
    if (compared?.startsWith("NOT")) throw new CliError(EXIT.UNDECIDED, `${issuer.url} is ${compared}`);
    const verified = [
      ...(server?.verified.slice(0, 1) ?? []),
      ...published.verified,
      ...(compared === undefined ? [] : [compared]),
    ];
    return { keys: published.keys, isStatic: flags.static, verified };
  }
  if (server === undefined) throw published;
  throw new CliError(
    EXIT.UNDECIDED,
    `${published.code}: ${published.message}; the functions could not either: --private for one at a private address that they can reach, --static to keep the keys that the API server has now`,
  );
}

async function clusterOf({ ask }: Context, { cluster, json }: IssuerAddFlags): Promise<string> {
  const name = cluster ?? (json ? "" : await ask("Your name for the cluster, such as prod-seoul: "));
  if (isDnsLabel(name)) return name;
  throw new CliError(
    EXIT.USAGE,
    "--cluster is missing or no DNS-1123 label: it is the first part of every principal, such as prod-seoul",
  );
}

/** Two issuers of one name would share their permissions, and an issuer that is there has been reviewed. */
async function checkFolder(
  context: Context,
  { from }: IssuerAddFlags,
  { cluster, name }: { readonly cluster: string; readonly name: string },
): Promise<void> {
  for (const [other, text] of await folderTexts(from, context)) {
    if (other === name)
      throw new CliError(EXIT.INPUT, `${name} is in ${from} already; change it there, or take it out first`);
    if (!other.startsWith("issuers/")) continue;
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "cluster" in value && value.cluster === cluster) {
      throw new CliError(
        EXIT.INPUT,
        `cluster ${cluster} is the name of ${other} in ${from} already: two issuers of one name share their permissions`,
      );
    }
  }
}

/** Left out where the functions' default has them all. */
function algorithmsOf(keys: KeySet): { readonly algorithms?: readonly Algorithm[] } {
  const used = [...new Set([...keys.values()].flatMap((key) => ("unfit" in key ? [] : [key.algorithm])))];
  return used.every((algorithm) => algorithm === "RS256" || algorithm === "ES256") ? {} : { algorithms: used };
}

/** As `refresh-keys` would keep it, but for who keeps it. */
function staticText(issuer: TrustedIssuer, keys: KeySet): string {
  const snapshot = JSON.parse(snapshotText(issuer, keys, systemClock.now()));
  return JSON.stringify({ ...snapshot, source: "static", from: undefined });
}

const PREFIX = "/podgate/folder";

function namesOf(url: IssuerUrl): { readonly issuer: string; readonly keys: string } {
  const names = new ParameterNames(PREFIX);
  const [issuer, keys] = [names.issuer(url), names.keys(url)];
  if (issuer === undefined || keys === undefined) {
    throw new CliError(EXIT.USAGE, "this issuer is too long for a parameter's name, so it cannot be registered");
  }
  return { issuer: issuer.slice(PREFIX.length + 1), keys: keys.slice(PREFIX.length + 1) };
}

/** Throws `CliError` for what no function would read: a group that is no label. */
function trusted(name: string, document: object): TrustedIssuer {
  try {
    return parseTrustedIssuer({ name, version: 1, revision: "1", text: JSON.stringify(document) });
  } catch (error) {
    if (error instanceof GatewayError) throw new CliError(EXIT.USAGE, error.message);
    throw error;
  }
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new CliError(EXIT.INPUT, `--certificate-authority ${path} cannot be read (${code})`);
  }
}
