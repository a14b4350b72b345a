import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { controlFaults } from "./control-faults.ts";
import { faultError, invalidKeyError } from "./fault-errors.ts";
import { type Fault, Faults } from "./faults.ts";
import { askedNames, isWrite, OPERATION_NAMES, perform } from "./operations.ts";
import { readName, readNewName } from "./parameter-name.ts";
import { Parameters, type ParameterTier, type ParameterType, type StoredParameter } from "./parameters.ts";
import { readFaults } from "./read-faults.ts";
import type { SeedParameter } from "./seed.ts";
import { SsmError } from "./ssm-error.ts";
import { goneSignal, operationOf, parseJson, readText, send, sendError } from "./wire.ts";

export interface ParameterStoreOptions {
  /** @default 0, one that the system chooses */
  readonly port?: number;
  /** Epoch seconds: dates of parameters, rates. @default the time of day */
  readonly clock?: () => number;
  readonly parameters?: Iterable<SeedParameter>;
}

export interface PutOptions {
  /** @default what it was, `String` for a new one */
  readonly type?: ParameterType;
  /** @default "Intelligent-Tiering" */
  readonly tier?: ParameterTier | "Intelligent-Tiering";
}

export interface Call {
  readonly operation: string;
  /** Names or path as they were asked for. */
  readonly names: readonly string[];
}

/** Closing it ends every connection at once, those that hang too. */
export interface ParameterStore extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`: what `AWS_ENDPOINT_URL_SSM` is set to. */
  readonly url: string;
  readonly port: number;
  /** Creates or overwrites. An object is stored as JSON. Throws SsmError as PutParameter answers. */
  put(name: string, value: string | object, options?: PutOptions): StoredParameter;
  /** Whether there was one to delete. */
  delete(name: string): boolean;
  /** The latest version, its value in the clear. */
  get(name: string): StoredParameter | undefined;
  /** Calls of known operations since the start or `forgetCalls`, oldest first; at most the last 10,000. */
  readonly calls: readonly Call[];
  forgetCalls(): void;
  /** Puts faults in force for the calls that follow, in place of earlier ones; none when nothing is given. */
  fault(faults?: Fault | readonly Fault[]): void;
}

const MAX_CALLS = 10_000;

/**
 * Serves the SSM wire format (AWS JSON 1.1) on 127.0.0.1. Signatures are not looked at.
 *
 * Faults over HTTP: `PUT /_faults` with one fault or a list in JSON (see `Fault`) puts them in force, `GET /_faults` lists
 * them, `DELETE /_faults` ends them.
 */
export async function startParameterStore(options: ParameterStoreOptions = {}): Promise<ParameterStore> {
  const clock = options.clock ?? (() => Date.now() / 1000);
  const parameters = new Parameters(clock);
  const faults = new Faults(clock);
  const calls: Call[] = [];

  const put: ParameterStore["put"] = (name, value, { type, tier = "Intelligent-Tiering" } = {}) => {
    const checked = readNewName(name);
    return parameters.put({
      name: checked,
      value: typeof value === "string" ? value : JSON.stringify(value),
      overwrite: true,
      type: type ?? parameters.latest(checked)?.type ?? "String",
      tier,
    });
  };
  for (const { name, value, type } of options.parameters ?? []) put(name, value, { type });

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await readText(request);
    if (request.url === "/_faults") {
      controlFaults(request.method, text, response, faults);
      return;
    }
    if (request.method !== "POST") throw new SsmError("UnknownOperationException", "", 404);

    const operation = operationOf(request.headers["x-amz-target"]);
    const writes = isWrite(operation);
    const body = parseJson(text);
    const names = askedNames(body);
    calls.push({ operation, names });
    if (calls.length > MAX_CALLS) calls.shift();

    const fault = faults.take(operation, writes);
    const kind = fault?.kind;
    const error = kind === undefined ? undefined : faultError(kind, { operation, names, now: clock() });
    if (error !== undefined) throw error;
    if (kind === "hang") return;
    if (kind === "reset") {
      request.socket.resetAndDestroy();
      return;
    }
    if (kind === "delay") await sleep(fault?.delayMilliseconds, undefined, { signal: goneSignal(response) });

    if (body === undefined) throw new SsmError("SerializationException");
    const answer = perform(operation, body, {
      parameters,
      decrypting: () => {
        if (faults.takeDecryption(operation)) throw invalidKeyError();
      },
      pageFault: kind === "empty-page" ? "empty" : kind === "endless-pages" ? "endless" : undefined,
    });
    send(response, 200, answer, kind);
  };

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (response.destroyed) return;
      sendError(response, error instanceof SsmError ? error : new SsmError("InternalServerError", "", 500));
    });
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    put,
    delete: (name) => parameters.delete(readName(name)),
    get: (name) => parameters.latest(readName(name)),
    calls,
    forgetCalls: () => {
      calls.length = 0;
    },
    fault: (given) => faults.set(given === undefined ? [] : readFaults(given, OPERATION_NAMES)),
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
