import * as v from "valibot";
import { isRecord, unknownMember } from "./api-gateway/json.ts";
import { type GatewaySettings, readGatewaySettings } from "./api-gateway/settings.ts";
import type { ClusterOptions } from "./cluster/cluster-options.ts";
import { SaidClustersSchema } from "./cluster/cluster-options.ts";
import { PORT_NAMES, PORTS, type PortName, type Ports } from "./ports.ts";

/** `custom.podgate.offline` of a `serverless.yml`, read. Paths are relative to the service's folder. */
export interface OfflineOptions {
  /** @default those of `PORTS` */
  readonly ports: Ports;
  /** @default DEFAULT_CLUSTERS */
  readonly clusters: readonly ClusterOptions[];
  /** A file that says what the parameter store holds at the start. @default none, and nothing */
  readonly seed?: string;
  /** A file of functions that exist offline only. @default none */
  readonly also?: string;
  /** What AWS does not document of API Gateway. @default GATEWAY_SETTINGS */
  readonly apiGateway?: GatewaySettings;
}

/** Where else ports are said: options of serverless-offline, as they were given. */
export interface PortOptions {
  readonly commandLine: Readonly<Partial<Record<PortName, unknown>>>;
  readonly custom: Readonly<Partial<Record<PortName, unknown>>>;
}

/** Options that nothing can be started with: one line that names each problem and what is allowed. */
export class OfflineOptionsError extends Error {
  override readonly name: string = "OfflineOptionsError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("; "));
    this.problems = problems;
  }
}

const OPTIONS = ["ports", "clusters", "seed", "also", "apiGateway"];
/** Of a project that names none. */
export const DEFAULT_CLUSTERS = [
  { name: "dev", algorithm: "RS256" },
  { name: "staging", algorithm: "ES256" },
] as const satisfies readonly ClusterOptions[];
const WHERE = "custom.podgate.offline";

/** `offline` out of `custom.podgate`. Throws OfflineOptionsError where there is something else beside it. */
export function offlineOptionsOf(podgate: unknown): unknown {
  const problems: string[] = [];
  const { offline } = recordOf(podgate, "custom.podgate", ["offline"], problems);
  if (problems.length > 0) throw new OfflineOptionsError(problems);
  return offline;
}

/**
 * Reads the options. A port is what is said first: on the command line (which serverless-offline heeds, whatever we say),
 * by `PODGATE_OFFLINE_PORT_*`, in the options, in those of serverless-offline. Throws OfflineOptionsError with every
 * problem at once.
 *
 * @param portNames - what listens; other ports are no options
 */
export function readOptions(
  given: unknown,
  env: Readonly<Record<string, string | undefined>>,
  portNames: readonly PortName[] = PORT_NAMES,
  offline: PortOptions = { commandLine: {}, custom: {} },
): OfflineOptions {
  const problems: string[] = [];
  const options = recordOf(given, WHERE, OPTIONS, problems);
  const listed = recordOf(options["ports"], `${WHERE}.ports`, portNames, problems);
  const ports = readPorts(portNames, (name) => firstSaid(name, env, listed, offline), problems);
  const clusters = clustersOf(options["clusters"], problems);
  const seed = pathOf(options, "seed", problems);
  const also = pathOf(options, "also", problems);
  const { apiGateway: settings } = options;
  const apiGateway =
    settings === undefined ? undefined : readGatewaySettings(settings, `${WHERE}.apiGateway`, problems);
  if (problems.length > 0) throw new OfflineOptionsError(problems);
  return {
    ports,
    clusters,
    ...(seed !== undefined && { seed }),
    ...(also !== undefined && { also }),
    ...(apiGateway !== undefined && { apiGateway }),
  };
}

function clustersOf(given: unknown, problems: string[]): readonly ClusterOptions[] {
  if (given === undefined) return DEFAULT_CLUSTERS;
  const { issues = [] } = v.safeParse(SaidClustersSchema, given);
  for (const issue of issues) {
    const member = v.getDotPath(issue);
    problems.push(`${WHERE}.clusters${member === null ? "" : `.${member}`} ${issue.message}`);
  }
  return issues.length === 0 ? (given as readonly ClusterOptions[]) : DEFAULT_CLUSTERS;
}

interface Said {
  readonly value: unknown;
  /** For a problem. */
  readonly source: string;
}

function firstSaid(
  name: PortName,
  env: Readonly<Record<string, string | undefined>>,
  listed: Readonly<Record<string, unknown>>,
  { commandLine, custom }: PortOptions,
): Said {
  const { variable, port } = PORTS[name];
  const places: readonly Said[] = [
    { value: commandLine[name], source: `the option for the port ${name}` },
    { value: env[variable], source: variable },
    { value: listed[name], source: `${WHERE}.ports.${name}` },
    { value: custom[name], source: `the port ${name} in custom.serverless-offline` },
  ];
  const said = places.find(({ value }) => value !== undefined && value !== null);
  return said ?? { value: port, source: `${WHERE}.ports.${name}` };
}

function readPorts(
  names: readonly PortName[],
  said: (name: PortName) => Said,
  problems: string[],
): Record<PortName, number> {
  const ports: [PortName, number][] = [];
  const takenBy = new Map<number, PortName>();
  for (const name of PORT_NAMES) {
    if (!names.includes(name)) {
      ports.push([name, PORTS[name].port]);
      continue;
    }
    const { value, source } = said(name);
    const port = portOf(value);
    if (port === undefined) problems.push(`${source} is ${JSON.stringify(value)}: expected a port from 1 to 65535`);
    const other = port === undefined ? undefined : takenBy.get(port);
    if (other !== undefined) problems.push(`${source} is ${port}, which is the port of ${other} already`);
    if (port !== undefined) takenBy.set(port, name);
    ports.push([name, port ?? PORTS[name].port]);
  }
  return Object.fromEntries(ports) as Record<PortName, number>;
}

function portOf(value: unknown): number | undefined {
  const port = typeof value === "string" && /^[0-9]{1,5}$/.test(value) ? Number(value) : value;
  return typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
}

function recordOf(
  value: unknown,
  where: string,
  allowed: readonly string[],
  problems: string[],
): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) {
    problems.push(`${where} is not a mapping: its members are ${allowed.join(", ")}`);
    return {};
  }
  const unknown = unknownMember(value, allowed);
  if (unknown !== undefined) problems.push(`${where}.${unknown} is unknown: expected one of ${allowed.join(", ")}`);
  return value;
}

function pathOf(options: Readonly<Record<string, unknown>>, name: string, problems: string[]): string | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "") return value;
  problems.push(`${WHERE}.${name} is ${JSON.stringify(value)}: expected the path of a file`);
  return undefined;
}
