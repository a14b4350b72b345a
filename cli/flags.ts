import type { FlagParametersForType } from "@stricli/core";
import type { Context } from "./context.ts";

/** Says its result as JSON. Every command has it. */
export type JsonFlag = {
  readonly json: boolean;
};

export const jsonFlag = {
  json: { kind: "boolean", brief: "Write the result as JSON", default: false, withNegated: false },
} as const satisfies FlagParametersForType<JsonFlag, Context>;

/** Which store a command reads: see `openStore`. */
export type StoreFlags = {
  readonly from?: string;
  readonly prefix?: string;
  readonly offline: boolean;
  readonly rate: number;
};

/** SSM answers 40 reads a second for the whole account; the functions need the other half. */
const DEFAULT_READS_PER_SECOND = 20;

export const storeFlags = {
  from: {
    kind: "parsed",
    parse: String,
    brief: "Read the documents from a folder of YAML files",
    placeholder: "folder",
    optional: true,
  },
  prefix: {
    kind: "parsed",
    parse: String,
    brief: "Read them from SSM Parameter Store below this name [PODGATE_PARAMETER_PREFIX]",
    placeholder: "/podgate/stage",
    optional: true,
  },
  offline: {
    kind: "boolean",
    brief: "Read them from the parameter store of `npm start` on this machine",
    default: false,
    withNegated: false,
  },
  rate: {
    kind: "parsed",
    parse: readRate,
    brief: "Calls to SSM a second at most",
    placeholder: "calls",
    default: String(DEFAULT_READS_PER_SECOND),
  },
} as const satisfies FlagParametersForType<StoreFlags, Context>;

function readRate(text: string): number {
  const rate = Number(text);
  if (/^[0-9]{1,4}$/.test(text) && rate >= 1 && rate <= 1000) return rate;
  throw new RangeError("expected a whole number from 1 to 1000");
}
