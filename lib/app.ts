import type { Context } from "aws-lambda";
import { createAssumeRole } from "./aws/assume-role.ts";
import {
  createApiSource,
  createIssuerSource,
  createPermissionSource,
  createServiceSource,
} from "./aws/document-sources.ts";
import { ParameterNames } from "./aws/parameter-names.ts";
import { batchReads, type ReadParameters } from "./aws/parameter-reader.ts";
import { createSecretReader } from "./aws/secret-reader.ts";
import { createSnapshotStore } from "./aws/snapshot-store.ts";
import { createSsm, type Ssm } from "./aws/ssm.ts";
import { createSsmReader } from "./aws/ssm-parameters.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Config, type Environment, parseConfig } from "./config.ts";
import { GatewayError } from "./errors.ts";
import { authorize, type FunctionCall } from "./gateway/authorize.ts";
import { type AuthorizerAnswer, UNAUTHORIZED } from "./gateway/authorizer-answer.ts";
import { forward } from "./gateway/forward.ts";
import type { ForwardHttpAnswer } from "./gateway/forward-http-answer.ts";
import { Policies } from "./gateway/policies.ts";
import { podTokenMiddleware, type RequirePodTokenOptions } from "./gateway/require-pod-token.ts";
import type { FetchJson } from "./issuer/fetch-json.ts";
import { IssuerDirectory } from "./issuer/issuer-directory.ts";
import { refreshSnapshots } from "./issuer/refresh-snapshots.ts";
import { AuditLog } from "./log/audit.ts";
import { Degradation } from "./log/degradation.ts";
import { createLogger } from "./log/logger.ts";
import { counted, Metrics } from "./log/metrics.ts";
import { RefreshLog } from "./log/refresh-log.ts";
import { createCallService } from "./net/call-service.ts";
import { createFetchJson } from "./net/fetch-json.ts";
import type { PermissionSource } from "./permission/permission-set.ts";
import { createCredentialMaker } from "./service/credential/make-credential.ts";
import type { CallService } from "./service/outgoing.ts";
import { TokenVerifier } from "./token/token-verifier.ts";

/** The parts that touch the outside world: tests give others. */
export interface Adapters {
  readonly clock: Clock;
  readonly writeLine: (line: string) => void;
  readonly readParameters: ReadParameters;
  readonly fetchJson: FetchJson;
  readonly callService: CallService;
}

/** Answers as a Lambda authorizer. */
export interface Authorizer {
  authorize(event: unknown, context: Context): Promise<AuthorizerAnswer>;
}

/** Makes calls for pods. */
export interface Forward {
  forward(event: unknown, context: Context): Promise<ForwardHttpAnswer>;
}

export interface App extends Authorizer {
  readonly config: Config;
  readonly permissions: PermissionSource;
  requirePodToken(options: RequirePodTokenOptions): ReturnType<typeof podTokenMiddleware>;
}

interface Settings {
  readonly needsAudiences: boolean;
  readonly env?: Environment;
  /** What `startCold` has begun. @default one that opens its connection when it is asked */
  readonly ssm?: Ssm;
}

type Parts = ReturnType<typeof wire>;

/**
 * Starts a function: first the connection to the store that the first request takes, and while that comes about, the rest.
 * Lambda gives a start the whole processor, and a request a share of it.
 */
export async function startCold<T>(create: (ssm: Ssm) => T, env: Environment = process.env): Promise<T> {
  const ssm = createSsm(env);
  const prepared = ssm.prepare();
  // A turn of the event loop, in which the look-up of the name or the handshake begins.
  await new Promise((resolve) => setImmediate(resolve));
  const created = create(ssm);
  await prepared;
  return created;
}

/**
 * Wires the gateway: settings, adapters, use cases. All state lives in what this returns.
 * Throws `ConfigError` with every wrong setting.
 */
export function createApp(settings: Settings, adapters: Partial<Adapters> = {}): App {
  const parts = wire(settings, adapters);
  return {
    ...authorizerOf(parts),
    config: parts.config,
    permissions: parts.permissions,
    requirePodToken: (options) => podTokenMiddleware(options, parts),
  };
}

/** Wires the authorizer alone: what answers HTTP is not in its bundle. */
export function createAuthorizer(settings: Settings, adapters: Partial<Adapters> = {}): Authorizer {
  return authorizerOf(wire(settings, adapters));
}

function authorizerOf(parts: Parts): Authorizer {
  const deps = { ...parts, policies: new Policies() };
  return {
    authorize: async (event, context) => {
      let answer: AuthorizerAnswer | typeof UNAUTHORIZED;
      try {
        answer = await authorize(event, callOf(context), deps);
      } catch (error) {
        throw plainError(error instanceof GatewayError ? error.code : "INTERNAL");
      }
      if (answer === UNAUTHORIZED) throw plainError(UNAUTHORIZED);
      return answer;
    },
  };
}

/** Wires `forward`, apart from the rest: what only it needs is in no other function's bundle. */
export function createForward(settings: Settings, adapters: Partial<Adapters> = {}): Forward {
  const parts = wire(settings, adapters);
  const { config, clock, documents, ssm } = parts;
  const callService = adapters.callService ?? createCallService({ allowLoopbackHttp: config.allowLoopbackHttp });
  const deps = {
    ...parts,
    audiences: config.audiences,
    services: createServiceSource(documents),
    callService,
    makeCredential: createCredentialMaker({
      readSecret: createSecretReader(documents.names, ssm.call),
      assumeRole: createAssumeRole(clock),
      call: callService,
      clock,
    }),
  };
  const { env = process.env } = settings;
  return {
    // The runtime writes the trace anew for each invocation.
    forward: (event, context) => forward(event, { ...callOf(context), trace: env["_X_AMZN_TRACE_ID"] }, deps),
  };
}

/** What decides, with no function around it: for a program that explains decisions. */
export function createDecider(settings: Settings, adapters: Partial<Adapters> = {}) {
  const parts = wire(settings, adapters);
  return { ...parts, services: createServiceSource(parts.documents), policies: new Policies() };
}

/** Wires `refresh-keys`: one round a call. Throws `ConfigError` with every wrong setting. */
export function createRefreshKeys(
  { env = process.env }: { readonly env?: Environment } = {},
  adapters: Pick<Partial<Adapters>, "clock" | "writeLine" | "fetchJson"> = {},
): (context: Context) => Promise<void> {
  const { config, clock, logger } = ground(parseConfig(env, false), adapters);
  const { allowLoopbackHttp, parameterPrefix } = config;
  const log = new RefreshLog(logger, clock, parameterPrefix);
  const options = {
    store: createSnapshotStore(new ParameterNames(parameterPrefix), clock),
    fetchJson: adapters.fetchJson ?? createFetchJson({ allowLoopbackHttp }),
    clock,
    allowLoopbackHttp,
    onProblem: log.problem,
  };
  return async (context) => {
    const startedAt = clock.now();
    try {
      log.round(await refreshSnapshots(context.getRemainingTimeInMillis() / 1000, options), startedAt);
    } catch (error) {
      log.failure(error);
      throw plainError(error instanceof GatewayError ? error.code : "INTERNAL");
    }
  };
}

/** What every function has: settings, the time, and a place to write to. */
function ground(config: Config, adapters: Pick<Partial<Adapters>, "clock" | "writeLine">) {
  const clock = adapters.clock ?? systemClock;
  const { stdout } = process;
  const writeLine = adapters.writeLine ?? ((line) => stdout.write(`${line}\n`));
  return { config, clock, logger: createLogger(config.logLevel, writeLine) };
}

/** What every function that decides has: the verifier and the permissions, over one store, with one log. */
function wire({ needsAudiences, env = process.env, ssm = createSsm(env) }: Settings, adapters: Partial<Adapters>) {
  const { config, clock, logger } = ground(parseConfig(env, needsAudiences), adapters);
  const metrics = new Metrics(config.parameterPrefix);
  const audit = new AuditLog(logger, clock, metrics);
  const degradation = new Degradation(logger, metrics);

  const read = adapters.readParameters ?? createSsmReader(ssm.call);
  const documents = {
    names: new ParameterNames(config.parameterPrefix),
    read: batchReads(counted(read, metrics, "StoreCalls", "StoreFailures")),
    clock,
    maxAgeSeconds: config.documentsMaxAgeSeconds,
    maxStaleSeconds: config.documentsMaxStaleSeconds,
    holdoff: { until: 0 },
    onStale: degradation.staleDocuments,
  };
  const fetchJson = adapters.fetchJson ?? fetchJsonWhenNeeded(config.allowLoopbackHttp);
  const issuers = new IssuerDirectory({
    ...config,
    ...documents,
    onStaleKeys: degradation.staleKeys,
    onKeysUsed: metrics.noteKeySetAge,
    source: createIssuerSource(documents),
    fetchJson: counted(fetchJson, metrics, "IssuerRequests", "IssuerFailures"),
  });
  const verifier = new TokenVerifier({ issuers, clock, clockSkewSeconds: config.clockSkewSeconds });
  const permissions = createPermissionSource(documents);
  const apis = createApiSource(documents);
  return { config, clock, ssm, documents, issuers, verifier, apis, permissions, audit, metrics };
}

/** Loaded when an issuer is asked for the first time: where its keys are stored, it never is. */
function fetchJsonWhenNeeded(allowLoopbackHttp: boolean): FetchJson {
  let loaded: Promise<FetchJson> | undefined;
  return async (url, options) => {
    loaded ??= import("./net/fetch-json.ts").then(({ createFetchJson }) => createFetchJson({ allowLoopbackHttp }));
    return (await loaded)(url, options);
  };
}

/** Account and region are the function's own, by its ARN; offline that is none. */
function callOf({ functionName, invokedFunctionArn, getRemainingTimeInMillis }: Context): FunctionCall {
  const [, , , region, account] = invokedFunctionArn.split(":");
  const home = region !== undefined && account !== undefined ? { region, account } : undefined;
  return { functionName, home, remainingSeconds: getRemainingTimeInMillis() / 1000 };
}

/** An error that Lambda may print: its message is a fixed word, and it has no stack. */
function plainError(message: string): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}`;
  return error;
}
