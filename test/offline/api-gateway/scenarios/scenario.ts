import type { AuthorizerKind } from "../../../../offline/api-gateway/gateway-request.ts";
import type { IntegrationKind } from "../../../../offline/api-gateway/integration-event.ts";

/** What shows a rule, on both sides, for one of its kinds. It expects by itself. */
export type Scenario = (kind: AuthorizerKind) => Promise<void>;

/** The same of what stands before an integration. */
export type IntegrationScenario = (kind: IntegrationKind) => void;
