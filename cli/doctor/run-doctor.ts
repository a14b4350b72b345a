import { systemClock } from "../../lib/clock.ts";
import { GatewayError } from "../../lib/errors.ts";
import { parseIssuerUrl } from "../../lib/issuer/issuer-url.ts";
import { sharedClusters } from "../../lib/issuer/shared-clusters.ts";
import type { StoredKeySet } from "../../lib/issuer/stored-key-set.ts";
import { parseTrustedIssuer, type TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import type { UnverifiedToken } from "../../lib/token/unverified-token.ts";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag, StoreFlags } from "../flags.ts";
import { readToken } from "../inspect/read-input.ts";
import { shapeOf } from "../issuer/issuer-shape.ts";
import { printable } from "../printable.ts";
import { DOCUMENT_KINDS, type DocumentStore } from "../store/document-store.ts";
import { openStore } from "../store/open-store.ts";
import { parseEntry, readContents } from "../store/parsed-document.ts";
import { quote } from "../wording.ts";
import type { Finding } from "./finding.ts";
import { issuerFindings } from "./issuer-findings.ts";
import { keyFindings } from "./key-findings.ts";
import { observeIssuer } from "./observe-issuer.ts";
import { snapshotFindings } from "./snapshot-findings.ts";
import { readTokenOfFile, tokenFindings } from "./token-findings.ts";

export type DoctorFlags = StoreFlags & JsonFlag & { readonly token?: string };

/** An issuer to be looked at, and what the store has of it. */
interface Patient {
  readonly issuer: TrustedIssuer;
  readonly stored?: StoredKeySet | undefined;
  /** Where its key set is, or would be; `undefined` where no store was asked. */
  readonly keysAt?: string | undefined;
}

interface Ward {
  readonly patients: readonly Patient[];
  readonly findings: readonly Finding[];
}

/** So many issuers are asked at once. */
const AT_ONCE = 10;

export async function runDoctor(context: Context, flags: DoctorFlags, url?: string): Promise<ExitCode> {
  const { env, output } = context;
  const allowLoopbackHttp = flags.offline || env["PODGATE_ALLOW_LOOPBACK_HTTP"] === "1";
  const token = flags.token === undefined ? undefined : readTokenOfFile(await readToken(context, flags.token));
  const hasStore =
    flags.from !== undefined ||
    flags.offline ||
    flags.prefix !== undefined ||
    env["PODGATE_PARAMETER_PREFIX"] !== undefined;
  const store = url === undefined || hasStore ? await openStore(flags, context) : undefined;
  const ward =
    url === undefined && store !== undefined
      ? await everyIssuer(store)
      : await oneIssuer(url ?? "", store, allowLoopbackHttp);

  const findings = [...ward.findings];
  const queue = [...ward.patients.entries()];
  const found: Finding[][] = [];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, patient] = next;
      output.progress(`asking ${ward.patients.length} issuers: ${ward.patients.length - queue.length}`);
      found[index] = await examine(patient, token, { allowLoopbackHttp, isFolder: flags.from !== undefined });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  findings.push(...found.flat(), ...strayToken(token, ward.patients));

  const errors = findings.filter(({ severity }) => severity === "error").length;
  const warnings = findings.filter(({ severity }) => severity === "warning").length;
  output.result({ issuers: ward.patients.length, findings }, flags.json, () =>
    [
      ...findings.map(
        ({ check, severity, text, where }) =>
          `${where}: ${output.style(COLOURS[severity], severity)}: ${text} [${check}]`,
      ),
      `${ward.patients.length} issuers, ${errors} errors, ${warnings} warnings`,
    ].join("\n"),
  );
  return errors > 0 ? EXIT.NO : EXIT.OK;
}

const COLOURS = { ok: "green", warning: "yellow", error: "red" } as const;

/** Every document is read; the issuers are asked afterwards. */
async function everyIssuer(store: DocumentStore): Promise<Ward> {
  const { documents, problems } = await readContents(store, DOCUMENT_KINDS);
  const stored = new Map(
    documents.flatMap(({ parsed, stored: { name } }) =>
      parsed.kind === "keys" ? [[parsed.value.issuer, { name, value: parsed.value }]] : [],
    ),
  );
  const issuers = documents.flatMap(({ parsed }) => (parsed.kind === "issuers" ? [parsed.value] : []));
  const patients = issuers.map((issuer): Patient => {
    const url = parseIssuerUrl(issuer.url, true);
    const name = url && store.names.keys(url);
    return { issuer, stored: stored.get(issuer.url)?.value, keysAt: name && store.locate(name) };
  });
  const documentsSeen: Finding = {
    severity: "ok",
    check: "document",
    where: store.title,
    text: `${documents.length} documents can be read`,
  };
  return {
    patients,
    findings: [
      documentsSeen,
      ...problems.map(
        ({ location, text }): Finding => ({ severity: "error", check: "document", where: location, text }),
      ),
      ...sharedClusters(issuers).map(
        (sharing): Finding => ({
          severity: "error",
          check: "cluster",
          where: store.locate(sharing[0]?.document.name ?? ""),
          text: `the cluster ${sharing[0]?.cluster} has ${sharing.length} issuers, which share its permissions: ${sharing.map(({ url }) => url).join(", ")}; give each a name of its own, or say "replaces" in the newer one`,
        }),
      ),
    ],
  };
}

/** One issuer: as the store has it, or else with a document that says nothing special. */
async function oneIssuer(url: string, store: DocumentStore | undefined, allowLoopbackHttp: boolean): Promise<Ward> {
  const issuerUrl = parseIssuerUrl(url, allowLoopbackHttp);
  if (issuerUrl === undefined) {
    throw new CliError(
      EXIT.USAGE,
      `${quote(url)} is no issuer's URL: expected https://host/path in the letters of the tokens' \`iss\` (--offline permits http://127.0.0.1)`,
    );
  }
  const plain = parseTrustedIssuer({
    name: "",
    version: 1,
    revision: "",
    text: JSON.stringify({ url, cluster: "unregistered" }),
  });
  if (store === undefined) return { patients: [{ issuer: plain }], findings: [] };
  const names = [store.names.issuer(issuerUrl), store.names.keys(issuerUrl)];
  const [issuerName, keysName] = names;
  if (issuerName === undefined || keysName === undefined) {
    throw new CliError(EXIT.USAGE, "this issuer is too long for a parameter's name, so it cannot be registered");
  }
  const documents = await store.read([issuerName, keysName]);
  const findings: Finding[] = [];
  const read = (fullName: string, kind: "issuers" | "keys") => {
    const stored = documents.get(fullName);
    if (stored === undefined) return undefined;
    try {
      return parseEntry({ name: fullName.slice(store.prefix.length + 1), kind, stored }, store.names);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      findings.push({ severity: "error", check: "document", where: store.locate(fullName), text: error.message });
      return undefined;
    }
  };
  const issuer = read(issuerName, "issuers");
  const stored = read(keysName, "keys");
  if (!documents.has(issuerName)) {
    const text = `it is not registered in ${store.title}, so its tokens are refused (ISSUER_UNKNOWN); \`podgate issuer add\` does that`;
    findings.push({ severity: "warning", check: "registered", where: url, text });
  }
  const isRegistered = issuer?.kind === "issuers";
  return {
    patients: [
      {
        issuer: isRegistered ? issuer.value : plain,
        stored: stored?.kind === "keys" ? stored.value : undefined,
        keysAt: isRegistered ? store.locate(keysName) : undefined,
      },
    ],
    findings,
  };
}

async function examine(
  { issuer, stored, keysAt }: Patient,
  token: UnverifiedToken | Finding | undefined,
  options: { readonly allowLoopbackHttp: boolean; readonly isFolder: boolean },
): Promise<Finding[]> {
  const where = issuer.url;
  if (issuer.disabled) {
    return [
      {
        severity: "warning",
        check: "registered",
        where,
        text: `it is disabled: every token of cluster ${issuer.cluster} is refused`,
      },
    ];
  }
  const now = systemClock.now();
  const asked = token !== undefined && "issuer" in token && token.issuer === issuer.url ? token : undefined;
  if (issuer.keys === "static") return staticFindings({ issuer, stored, keysAt }, asked, now);

  const observation = await observeIssuer(issuer, options.allowLoopbackHttp);
  const { keySet, outcome } = observation;
  const published = outcome instanceof GatewayError ? undefined : outcome;
  return [
    ...(await issuerFindings(issuer, observation, options)),
    ...(published === undefined ? [] : keyFindings(issuer, published, keySet, where)),
    // A folder has documents, not what refresh-keys writes.
    ...(keysAt === undefined || (options.isFolder && stored === undefined)
      ? []
      : snapshotFindings({ issuer, stored, published, where: keysAt, now })),
    ...(asked === undefined || published === undefined
      ? []
      : tokenFindings(asked, issuer, published, "what the issuer publishes")),
  ];
}

function staticFindings(
  { issuer, stored, keysAt = issuer.url }: Patient,
  token: UnverifiedToken | undefined,
  now: number,
): Finding[] {
  if (stored === undefined) {
    const text = `KEY_SET_MISSING: the issuer document says "keys": "static" and no key set is stored, so no decision is made about its tokens; \`podgate issuer add --kubeconfig\` reads them`;
    return [{ severity: "error", check: "key-set", where: keysAt, text }];
  }
  if (stored.issuer !== issuer.url || stored.source !== "static") {
    return snapshotFindings({ issuer, stored, published: undefined, where: keysAt, now });
  }
  return [
    ...keyFindings(issuer, stored.keys, undefined, keysAt),
    ...(shapeOf(issuer.url).title === "EKS" ? [eksKeysAreKept(keysAt)] : []),
    ...(token === undefined ? [] : tokenFindings(token, issuer, stored.keys, "its static key set")),
  ];
}

function eksKeysAreKept(where: string): Finding {
  const text =
    'EKS rotates its signing key about once a week and nobody fetches static keys, so its tokens will be refused; take "keys": "static" out of the issuer document';
  return { severity: "warning", check: "key-set", where, text };
}

/** A token that is of none of the issuers, or that is no token. */
function strayToken(token: UnverifiedToken | Finding | undefined, patients: readonly Patient[]): Finding[] {
  if (token === undefined) return [];
  if (!("issuer" in token)) return [token];
  if (patients.some(({ issuer }) => issuer.url === token.issuer)) return [];
  const named = typeof token.issuer === "string" ? printable(token.issuer) : "no issuer";
  const text = `the token is of ${named}, which is not looked at here; letters and a \`/\` at the end count`;
  return [{ severity: "error", check: "token", where: "the token", text }];
}
