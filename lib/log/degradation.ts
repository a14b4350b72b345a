import { GatewayError } from "../errors.ts";
import type { TrustedIssuer } from "../issuer/trusted-issuer.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/** Says that decisions go on with what is older than it should be: nobody is refused yet, and somebody should look. */
export class Degradation {
  readonly #logger: Logger;
  readonly #metrics: Metrics;

  constructor(logger: Logger, metrics: Metrics) {
    this.#logger = logger;
    this.#metrics = metrics;
  }

  /** Documents serve beyond their age because the store could not be read. */
  readonly staleDocuments = (error: unknown): void => {
    this.#metrics.count("StaleDocumentsServed");
    this.#warn("StaleDocumentsServed", error);
  };

  /** Keys serve beyond their age because the issuer gave no newer ones, or not yet. */
  readonly staleKeys = ({ url }: TrustedIssuer, reason: GatewayError | undefined): void => {
    this.#metrics.count("StaleKeysServed");
    this.#warn(
      "StaleKeysServed",
      reason ?? new GatewayError("ISSUER_UNREACHABLE", `issuer ${url} has not answered yet`),
    );
  };

  #warn(what: string, error: unknown): void {
    const known = error instanceof GatewayError ? { code: error.code, detail: error.message } : { code: "INTERNAL" };
    this.#logger.log("warn", { type: "degraded", what, ...known });
  }
}
