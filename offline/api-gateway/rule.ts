import type { AuthorizerKind } from "./gateway-request.ts";
import type { IntegrationKind } from "./integration-event.ts";
import type { GatewaySettings } from "./settings.ts";

/** One thing that API Gateway does with Lambda authorizers, as far as it is known. */
export interface Rule {
  /** Stable; tests name it. */
  readonly id: string;
  /** What AWS does, in one sentence. */
  readonly does: string;
  readonly kinds: readonly (AuthorizerKind | IntegrationKind)[];
  /** A page of AWS; of what is not documented, the page that leaves it open or somebody's report of a real API. */
  readonly source: string;
  /** Documented by AWS; reported by users of real APIs; or neither, so that what is here is an assumption. */
  readonly status: "documented" | "reported" | "unverified";
  /** What to set where a real API turns out to differ. */
  readonly setting?: keyof GatewaySettings;
}

/** A row of the table; documented and not to be set, unless it says otherwise. */
export function rule<const Id extends string>(
  id: Id,
  does: string,
  kinds: Rule["kinds"],
  source: string,
  status: Rule["status"] = "documented",
  setting?: keyof GatewaySettings,
): Rule & { readonly id: Id } {
  return { id, does, kinds, source, status, ...(setting !== undefined && { setting }) };
}
