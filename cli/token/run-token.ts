import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import { isDnsLabel, isDnsSubdomain } from "../../lib/names.ts";
import { PORTS } from "../../offline/ports.ts";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag } from "../flags.ts";
import { type KubeApi, openKubeconfig, openServer } from "../kubeconfig/kube-api.ts";
import { printable } from "../printable.ts";
import { quote } from "../wording.ts";

export type TokenFlags = JsonFlag & {
  readonly audience?: readonly string[];
  readonly duration?: number;
  readonly bound?: string;
  readonly cluster?: string;
  readonly server?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
};

/** The kinds that a token can be bound to, as the API spells them. */
const BOUND_KINDS: ReadonlyMap<string, string> = new Map([
  ["pod", "Pod"],
  ["secret", "Secret"],
  ["node", "Node"],
]);

/** Of the clusters of `npm start`. */
const OFFLINE_CLUSTER = "dev";

/** Asks a cluster for a token by its TokenRequest API. Standard output gets the token and nothing else. */
export async function runToken(context: Context, flags: TokenFlags, account: string): Promise<ExitCode> {
  const [namespace, serviceAccount, ...more] = account.split("/");
  if (!isDnsLabel(namespace) || !isDnsSubdomain(serviceAccount) || more.length > 0) {
    throw new CliError(EXIT.USAGE, `${quote(account)} is no service account: expected <namespace>/<name>`);
  }
  const audiences = flags.audience ?? [];
  if (audiences.length === 0 || audiences.includes("")) {
    throw new CliError(
      EXIT.USAGE,
      "give --audience, one of the receiver's: without one the token is for the API server, and podgate refuses it",
    );
  }
  const spec = {
    audiences,
    ...(flags.duration !== undefined && { expirationSeconds: flags.duration }),
    ...(flags.bound !== undefined && { boundObjectRef: readBound(flags.bound) }),
  };
  const api = await openApi(flags, context);
  const { body, warnings } = await api.post(`/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec,
  });
  for (const warning of warnings) context.output.note(`podgate: ${api.title} warns: ${warning}`);
  const status = isJsonObject(body) ? body["status"] : undefined;
  if (!isJsonObject(status) || typeof status["token"] !== "string" || !/^[\x21-\x7e]+$/.test(status["token"])) {
    throw new CliError(EXIT.UNDECIDED, `${api.title} answered without a token: is it a cluster's API server?`);
  }
  const expires = printable(String(status["expirationTimestamp"]), 64);
  const audience = audiences.map((each) => printable(each, 128)).join(", ");
  context.output.note(`podgate: ${namespace}/${serviceAccount} of ${api.title}, for ${audience}, until ${expires}`);
  context.output.token(
    flags.json
      ? JSON.stringify({ token: status["token"], expirationTimestamp: expires, audiences }, null, 2)
      : status["token"],
  );
  return EXIT.OK;
}

function openApi(flags: TokenFlags, { env }: Context): Promise<KubeApi> | KubeApi {
  const places = [
    flags.cluster !== undefined && "--cluster",
    flags.server !== undefined && "--server",
    (flags.kubeconfig !== undefined || flags.context !== undefined) && "--kubeconfig",
  ].filter((flag) => flag !== false);
  if (places.length > 1) {
    throw new CliError(EXIT.USAGE, `${places.join(" and ")} are different clusters: give one of them`);
  }
  if (flags.kubeconfig !== undefined || flags.context !== undefined) {
    return openKubeconfig(flags.kubeconfig ?? "", flags.context, env);
  }
  if (flags.server !== undefined) return openServer(flags.server);
  const cluster = flags.cluster ?? OFFLINE_CLUSTER;
  if (!isDnsLabel(cluster)) throw new CliError(EXIT.USAGE, `${quote(cluster)} is no cluster's name`);
  const port = env[PORTS.cluster.variable] ?? PORTS.cluster.port;
  return openServer(
    `http://127.0.0.1:${port}/${cluster}`,
    "start it with `npm start`, or give --kubeconfig for a real cluster",
  );
}

/** `pod/billing-0`, or with its uid behind another slash. Whether it exists is the cluster's to say. */
function readBound(text: string): JsonObject {
  const [kind = "", name, uid, ...more] = text.split("/");
  const apiKind = BOUND_KINDS.get(kind.toLowerCase());
  if (apiKind === undefined || !isDnsSubdomain(name) || more.length > 0 || uid === "") {
    throw new CliError(EXIT.USAGE, `--bound is ${quote(text)}: expected pod/<name>, secret/<name> or node/<name>`);
  }
  return { kind: apiKind, apiVersion: "v1", name, ...(uid !== undefined && { uid }) };
}
