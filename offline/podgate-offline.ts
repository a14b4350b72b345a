/// <reference lib="esnext.disposable" preserve="true" />

/**
 * What `podgate/offline` is: a plugin for Serverless by its default export, and a library for tests by the others. Parts
 * are loaded when they are started, so that a command such as `package` loads none of them.
 */
export type { CallRequest } from "./api-gateway/call-request.ts";
export { type IntegrationKind, type IntegrationRequest, integrationEvent } from "./api-gateway/integration-event.ts";
export type { ApiGateway, TwinAnswer, TwinOptions } from "./api-gateway/twin.ts";
export type { StartClusterOptions, StartedCluster } from "./cluster/start-cluster.ts";
export { apiGateway } from "./library/api-gateway.ts";
export { mintToken, type TokenWish } from "./library/mint-token.ts";
export {
  type Seed,
  type StartedParameterStore,
  type StartParameterStoreOptions,
  startParameterStore,
} from "./library/parameter-store.ts";
export { startCluster } from "./library/start-cluster.ts";
export { OfflinePlugin as default } from "./offline-plugin.ts";
