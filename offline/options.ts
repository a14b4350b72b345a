import { isRecord, unknownMember } from "./api-gateway/json.ts";
import { type GatewaySettings, readGatewaySettings } from "./api-gateway/settings.ts";
import { PORT_NAMES, PORTS, type PortName, type Ports } from "./ports.ts";

/** `custom.podgate.offline` of a `serverless.yml`, read. Paths are relative to the service's folder. */
export interface OfflineOptions {
  /** Of the options, overridden by the environment. @default those of `PORTS` */
  readonly ports: Ports;
  /** What the parameter store holds at the start. @default "offline/seed.yaml" */
  readonly seed: string;
  /** A file of functions that exist offline only. @default none */
  readonly also?: string;
  /** What AWS does not document of API Gateway. @default GATEWAY_SETTINGS */
  readonly apiGateway?: GatewaySettings;
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

const OPTIONS = ["ports", "seed", "also", "apiGateway"];
const WHERE = "custom.podgate.offline";

/** Reads the options and the variables `PODGATE_OFFLINE_PORT_*`. Throws OfflineOptionsError with every problem at once. */
export function readOptions(given: unknown, env: Readonly<Record<string, string | undefined>>): OfflineOptions {
  const problems: string[] = [];
  const options = recordOf(given, WHERE, OPTIONS, problems);
  const ports = readPorts(options["ports"], env, problems);
  const seed = pathOf(options, "seed", problems) ?? "offline/seed.yaml";
  const also = pathOf(options, "also", problems);
  const { apiGateway: settings } = options;
  const apiGateway =
    settings === undefined ? undefined : readGatewaySettings(settings, `${WHERE}.apiGateway`, problems);
  if (problems.length > 0) throw new OfflineOptionsError(problems);
  return { ports, seed, ...(also !== undefined && { also }), ...(apiGateway !== undefined && { apiGateway }) };
}

function readPorts(
  given: unknown,
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Record<PortName, number> {
  const listed = recordOf(given, `${WHERE}.ports`, PORT_NAMES, problems);
  const ports: [PortName, number][] = [];
  const takenBy = new Map<number, PortName>();
  for (const name of PORT_NAMES) {
    const { variable, port: usual } = PORTS[name];
    const fromEnv = env[variable];
    const [value, source] =
      fromEnv === undefined ? [listed[name] ?? usual, `${WHERE}.ports.${name}`] : [fromEnv, variable];
    const port = portOf(value);
    if (port === undefined) problems.push(`${source} is ${JSON.stringify(value)}: expected a port from 1 to 65535`);
    const other = port === undefined ? undefined : takenBy.get(port);
    if (other !== undefined) problems.push(`${source} is ${port}, which is the port of ${other} already`);
    if (port !== undefined) takenBy.set(port, name);
    ports.push([name, port ?? usual]);
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
