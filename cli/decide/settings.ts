import { isDnsLabel, isDnsSubdomain, type Principal } from "../../lib/names.ts";
import { PORTS } from "../../offline/ports.ts";
import type { Context } from "../context.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { StoreFlags, WayFlags } from "../flags.ts";
import { quote } from "../wording.ts";
import type { DeciderSettings } from "./store-decider.ts";

/** How a function of the stage would be set, as far as the command line and the environment say it. */
export function settingsOf({ offline }: StoreFlags, { env }: Context, at?: number): DeciderSettings {
  return { env, allowLoopbackHttp: offline || env["PODGATE_ALLOW_LOOPBACK_HTTP"] === "1", at };
}

/** The gateway's own audiences: given, set, or those of `npm start`. Empty where nobody says. */
export function audiencesOf({ audience, offline }: WayFlags & StoreFlags, { env }: Context): readonly string[] {
  if (audience !== undefined) return audience;
  const set = env["PODGATE_AUDIENCES"];
  if (set !== undefined) return set.split(",").map((each) => each.trim());
  const { variable, port } = PORTS.gateway;
  return offline ? [`http://127.0.0.1:${env[variable] ?? port}`] : [];
}

/** Throws `CliError` for what is no principal. */
export function readPrincipal(text: string): Principal {
  const [cluster, namespace, serviceAccount, ...more] = text.split("/");
  if (isDnsLabel(cluster) && isDnsLabel(namespace) && isDnsSubdomain(serviceAccount) && more.length === 0) {
    return { cluster, namespace, serviceAccount };
  }
  throw new CliError(
    EXIT.USAGE,
    `${quote(text)} is no principal: expected <cluster>/<namespace>/<service account>, such as dev/payments/billing`,
  );
}
