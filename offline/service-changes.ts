import { fileURLToPath } from "node:url";
import { isRecord } from "./api-gateway/json.ts";
import type { OfflineFunctions } from "./offline-functions.ts";
import type { PortOptions } from "./options.ts";
import type { Ports } from "./ports.ts";
import type { CliOptions, Serverless } from "./serverless.ts";
import type { OfflineStack } from "./stack.ts";

export const HOST = "127.0.0.1";

/** The module that serverless-offline loads: as a source, and as a part of the package, all of which is in one folder. */
const PROVIDER = import.meta.url.endsWith(".ts")
  ? "./api-gateway/authentication-provider.ts"
  : "./authentication-provider.mjs";

/** Options of serverless-offline that would part the gateway from what is told about it, or open routes. */
const FIXED_OPTIONS = ["host", "httpsProtocol", "noAuth", "noPrependStageInUrl", "prefix"];

/** The first option of serverless-offline that somebody set and that this plugin sets; `undefined` if there is none. */
export function fixedOption(serverless: Serverless, cliOptions: CliOptions): string | undefined {
  const custom = offlineSettings(serverless);
  return FIXED_OPTIONS.find((name) => cliOptions[name] !== undefined || custom[name] !== undefined);
}

/** Ports of serverless-offline's own options, by our names: of the command line, and of `custom.serverless-offline`. */
export function portOptions(serverless: Serverless, cliOptions: CliOptions): PortOptions {
  const custom = offlineSettings(serverless);
  const byName = (options: Readonly<Record<string, unknown>>) => ({
    gateway: options["httpPort"],
    lambda: options["lambdaPort"],
    websocket: options["websocketPort"],
  });
  return { commandLine: byName(cliOptions), custom: byName(custom) };
}

function offlineSettings(serverless: Serverless): Readonly<Record<string, unknown>> {
  return recordOf(serverless.service.custom?.["serverless-offline"]);
}

/**
 * What functions are told where a deployment tells them the same by the same names. A setting of podgate in the shell
 * goes along, so that `PODGATE_DOCUMENTS_MAX_AGE_SECONDS=5 npm start` does what it says.
 */
export function functionEnvironment(
  ports: Ports,
  { prefix, storeUrl, companion }: Pick<OfflineStack, "prefix" | "storeUrl" | "companion">,
  shell: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return {
    PODGATE_PARAMETER_PREFIX: prefix,
    PODGATE_AUDIENCES: `http://${HOST}:${ports.gateway}`,
    ...settingsOf(shell),
    ...companion?.environment,
    PODGATE_ALLOW_LOOPBACK_HTTP: "1",
    AWS_ENDPOINT_URL_SSM: storeUrl,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "offline",
    AWS_SECRET_ACCESS_KEY: "offline",
  };
}

/** Variables of podgate itself: those of the offline stack are no settings of a function. */
function settingsOf(shell: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(shell).filter(
      (entry): entry is [string, string] =>
        entry[0].startsWith("PODGATE_") && !entry[0].startsWith("PODGATE_OFFLINE_") && entry[1] !== undefined,
    ),
  );
}

/** Adds functions to the service as it stands in memory. Throws Error for a name that is taken. */
export function addFunctions(serverless: Serverless, stage: string, more: OfflineFunctions): void {
  const { service } = serverless;
  for (const [key, definition] of Object.entries(more.functions)) {
    if (Object.hasOwn(service.functions, key)) throw new Error(`the function ${key} is in serverless.yml already`);
    const events = Array.isArray(definition["events"]) ? definition["events"] : [];
    service.functions[key] = { name: `${service.service}-${stage}-${key}`, ...definition, events };
  }
  service.provider.httpApi ??= {};
  service.provider.httpApi.authorizers = { ...service.provider.httpApi.authorizers, ...more.httpApiAuthorizers };
}

/** Puts `environment` in force for every function, over what the service says itself. */
export function setEnvironment(serverless: Serverless, environment: Readonly<Record<string, string>>): void {
  const { provider, functions } = serverless.service;
  provider.environment = { ...provider.environment, ...environment };
  for (const definition of Object.values(functions)) {
    if (definition.environment === undefined) continue;
    definition.environment = Object.fromEntries(
      Object.entries(definition.environment).filter(([name]) => !Object.hasOwn(environment, name)),
    );
  }
}

/** Points serverless-offline at the ports and at the authentication provider. */
export function setGateway(serverless: Serverless, ports: Ports): void {
  const custom = { ...serverless.service.custom };
  custom["serverless-offline"] = {
    ...offlineSettings(serverless),
    host: HOST,
    httpPort: ports.gateway,
    lambdaPort: ports.lambda,
    websocketPort: ports.websocket,
  };
  custom["offline"] = {
    ...recordOf(custom["offline"]),
    customAuthenticationProvider: fileURLToPath(new URL(PROVIDER, import.meta.url)),
  };
  serverless.service.custom = custom;
}

/**
 * Takes the authentication provider out of the settings, once every route has it: as long as it is there,
 * serverless-offline puts a made-up `requestContext.authorizer` into the events of open routes.
 */
export function forgetProvider(serverless: Serverless): void {
  const offline = serverless.service.custom?.["offline"];
  if (isRecord(offline)) {
    const { customAuthenticationProvider, ...rest } = offline;
    serverless.service.custom = { ...serverless.service.custom, offline: rest };
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}
