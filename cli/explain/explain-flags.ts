import type { JsonFlag, StoreFlags, WayFlags } from "../flags.ts";

export type ExplainFlags = StoreFlags &
  WayFlags &
  JsonFlag & {
    readonly as?: string;
    readonly service?: string;
    readonly method?: string;
    readonly path?: string;
    readonly event?: string;
    readonly decision?: string;
    readonly keys?: string;
    readonly at?: number;
    readonly functionArn?: string;
  };
