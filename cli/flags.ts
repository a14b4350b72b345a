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

function readSeconds(text: string): number {
  if (/^[0-9]{1,3}$/.test(text) && Number(text) <= 600) return Number(text);
  throw new RangeError("expected a whole number of seconds from 0 to 600");
}

/** Where the files are when nobody says: what `init` makes. */
const DEFAULT_FOLDER = "access";

/** Flags of commands that have files on one side and SSM on the other. */
export const bothFlags = {
  ...storeFlags,
  from: {
    kind: "parsed",
    parse: String,
    brief: "The folder of YAML files",
    placeholder: "folder",
    default: DEFAULT_FOLDER,
  },
  prefix: { ...storeFlags.prefix, brief: "The store: SSM Parameter Store below this name [PODGATE_PARAMETER_PREFIX]" },
  offline: { ...storeFlags.offline, brief: "The store: that of `npm start` on this machine" },
} as const satisfies FlagParametersForType<BothFlags, Context>;

export type BothFlags = Omit<StoreFlags, "from"> & { readonly from: string };

/** Flags of commands that have SSM alone. */
export type TargetFlags = Omit<StoreFlags, "from">;

const { from: _, ...targetOnly } = bothFlags;
export const targetFlags: FlagParametersForType<TargetFlags, Context> = targetOnly;

/** PutParameter's default quota, for a whole account and region. */
const DEFAULT_WRITES_PER_SECOND = 3;

export const yesFlag = {
  yes: { kind: "boolean", brief: "Write without asking", default: false, withNegated: false },
} as const satisfies FlagParametersForType<{ readonly yes: boolean }, Context>;

/** `PODGATE_DOCUMENTS_MAX_AGE_SECONDS` where nobody sets it. */
const DEFAULT_SETTLE_SECONDS = 60;

export type WriteFlags = { readonly writeRate: number; readonly settle: number; readonly yes: boolean };

export const writeFlags = {
  writeRate: {
    kind: "parsed",
    parse: readRate,
    brief: "Writes to SSM a second at most",
    placeholder: "calls",
    default: String(DEFAULT_WRITES_PER_SECOND),
  },
  settle: {
    kind: "parsed",
    parse: readSeconds,
    brief: "Age of documents in the functions (PODGATE_DOCUMENTS_MAX_AGE_SECONDS), waited for where it matters",
    placeholder: "seconds",
    default: String(DEFAULT_SETTLE_SECONDS),
  },
  ...yesFlag,
} as const satisfies FlagParametersForType<WriteFlags, Context>;

/** What of the files is planned. */
export type ScopeFlags = { readonly prune: boolean; readonly only?: string };

export const scopeFlags = {
  prune: {
    kind: "boolean",
    brief: "Delete what is in the store and in no file",
    default: false,
    withNegated: false,
  },
  only: {
    kind: "parsed",
    parse: String,
    brief: "Only this document, or those below it, such as permissions/dev",
    placeholder: "name",
    optional: true,
  },
} as const satisfies FlagParametersForType<ScopeFlags, Context>;

/** By which way a service is called, where there are several. */
export type WayFlags = {
  readonly api?: string;
  readonly stage?: string;
  readonly forward: boolean;
  readonly audience?: readonly string[];
};

export const wayFlags = {
  api: {
    kind: "parsed",
    parse: String,
    brief: "The call comes in by this API, where the service has several",
    placeholder: "id",
    optional: true,
  },
  stage: { kind: "parsed", parse: String, brief: "And by this stage", placeholder: "name", optional: true },
  forward: {
    kind: "boolean",
    brief: "The call comes in by the gateway's own /services/<service>",
    default: false,
    withNegated: false,
  },
  audience: {
    kind: "parsed",
    parse: String,
    brief: "The gateway's own audiences, which forward takes [PODGATE_AUDIENCES]",
    placeholder: "text",
    variadic: ",",
    optional: true,
  },
} as const satisfies FlagParametersForType<WayFlags, Context>;
