import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Invocation } from "./api-gateway/authorizer-answer.ts";
import type { Companion } from "./companion.ts";
import type { Ports } from "./ports.ts";
import type { CliOptions, Serverless } from "./serverless.ts";
import type { OfflineStack } from "./stack.ts";

/** Variables by which serverless-offline would replace what an authorizer said, or the SDK the credentials given here. */
const FOREIGN_VARIABLES = ["AUTHORIZER", "PRINCIPAL_ID", "AWS_PROFILE", "AWS_SESSION_TOKEN"];

const LONGEST_INVOCATION_MS = 20_000;

/**
 * A Serverless plugin that puts clusters, a parameter store and API Gateway's rules for authorizers into `osls offline`:
 * it starts them before serverless-offline starts, and points the functions at them. Options: `custom.podgate.offline`,
 * see `OfflineOptions`.
 *
 * Everything happens in hooks of the command `offline`: what is packaged or deployed is never touched.
 */
export class OfflinePlugin {
  readonly hooks: Readonly<Record<string, () => Promise<void>>>;
  readonly #serverless: Serverless;
  readonly #cliOptions: CliOptions;
  #running:
    | { readonly ports: Ports; readonly stack: OfflineStack; readonly companion: Companion | undefined }
    | undefined;

  constructor(serverless: Serverless, cliOptions: CliOptions = {}) {
    this.#serverless = serverless;
    this.#cliOptions = cliOptions;
    this.hooks = {
      // `offline` alone runs as one event, inside of which nothing can be hooked; `offline start` as three.
      "before:offline:start": () => serverless.pluginManager.spawn("offline:start"),
      "before:offline:start:init": () => this.#start(),
      "after:offline:start:init": () => this.#greet(),
      "before:offline:start:end": () => this.#stop(),
    };
  }

  /** What else is started. */
  protected async companion(): Promise<Companion | undefined> {
    return undefined;
  }

  /** Called when everything answers, before that is said. @param invoke - calls a function by its key in `serverless.yml` */
  protected async ready(_invoke: (key: string) => Promise<Invocation>): Promise<void> {}

  async #start(): Promise<void> {
    try {
      await this.#startAll();
    } catch (error) {
      await this.#stop();
      // Of this class, osls prints the message alone.
      const message = error instanceof Error ? error.message : "an unknown fault";
      throw new this.#serverless.classes.Error(`podgate offline cannot start: ${message}`, "PODGATE_OFFLINE");
    }
  }

  async #startAll(): Promise<void> {
    // Loaded here, so that packaging needs none of it.
    const { offlineOptionsOf, readOptions } = await import("./options.ts");
    const { COMMON_PORT_NAMES, portProblem } = await import("./ports.ts");
    const changes = await import("./service-changes.ts");
    const { configureProvider } = await import("./api-gateway/authentication-provider.ts");

    const serverless = this.#serverless;
    const { service, serviceDir } = serverless;
    const companion = await this.companion();
    const portNames = [...COMMON_PORT_NAMES, ...(companion?.ports ?? [])];
    const options = readOptions(
      offlineOptionsOf(service.custom?.["podgate"]),
      process.env,
      portNames,
      changes.portOptions(serverless, this.#cliOptions),
    );
    const { ports, clusters, seed, also } = options;
    const fixed = changes.fixedOption(serverless, this.#cliOptions);
    if (fixed !== undefined) throw new Error(`${fixed} of serverless-offline is set by podgate: take it out`);
    const problem = await portProblem(ports, portNames);
    if (problem !== undefined) throw new Error(problem);

    const { startStack } = await import("./stack.ts");
    const stack = await startStack({
      ports,
      clusters,
      ...(seed !== undefined && { seedFile: resolve(serviceDir, seed) }),
      ...(companion !== undefined && { companion }),
    });
    this.#running = { ports, stack, companion };

    const environment = changes.functionEnvironment(ports, stack, process.env);
    // Said now and not by the first call: every wrong setting, in one line.
    const { parseConfig } = await import("../lib/config.ts");
    parseConfig(environment, true);

    const stage = String(this.#cliOptions["stage"] ?? service.provider.stage ?? "dev");
    if (also !== undefined) {
      const { readOfflineFunctions } = await import("./offline-functions.ts");
      const text = await readFile(resolve(serviceDir, also), "utf8").catch((cause: unknown) => {
        throw new Error(`the file ${resolve(serviceDir, also)} of custom.podgate.offline.also cannot be read`, {
          cause,
        });
      });
      changes.addFunctions(serverless, stage, readOfflineFunctions(text, also));
    }
    const { routeProblems } = await import("./route-problems.ts");
    const wrongRoutes = routeProblems(service);
    if (wrongRoutes.length > 0) throw new Error(wrongRoutes.join("; "));
    for (const name of FOREIGN_VARIABLES) delete process.env[name];
    changes.setEnvironment(serverless, environment);
    changes.setGateway(serverless, ports);
    configureProvider({
      stage,
      lambdaUrl: `http://${changes.HOST}:${ports.lambda}`,
      functionNames: Object.fromEntries(
        Object.entries(service.functions).map(([key, { name }]) => [key, name ?? `${service.service}-${stage}-${key}`]),
      ),
      httpApiAuthorizers: service.provider.httpApi?.authorizers ?? {},
      ...(options.apiGateway !== undefined && { gateway: options.apiGateway }),
      report: (line) => console.error(`podgate offline: ${line}`),
    });
  }

  async #greet(): Promise<void> {
    const { forgetProvider } = await import("./service-changes.ts");
    const { greeting } = await import("./greeting.ts");
    forgetProvider(this.#serverless);
    const running = this.#running;
    if (running === undefined) return;
    const { ports, stack, companion } = running;
    await this.ready((key) => this.#invoke(key, ports));
    console.log(greeting(ports, stack, companion));
  }

  async #invoke(key: string, { lambda }: Ports): Promise<Invocation> {
    const { HOST } = await import("./service-changes.ts");
    const { invokeFunction } = await import("./api-gateway/lambda-endpoint.ts");
    const name = this.#serverless.service.functions[key]?.name ?? key;
    return invokeFunction(`http://${HOST}:${lambda}`, name, {}, AbortSignal.timeout(LONGEST_INVOCATION_MS));
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stack[Symbol.asyncDispose]();
  }
}
