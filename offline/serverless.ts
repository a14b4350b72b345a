/** A function of a service, as far as the plugin reads or writes it. */
export interface ServerlessFunction {
  /** As deployed. */
  name?: string;
  environment?: Record<string, unknown>;
  events?: unknown[];
  [member: string]: unknown;
}

/** The parts of osls that the plugin uses. */
export interface Serverless {
  readonly serviceDir: string;
  readonly classes: { readonly Error: new (message: string, code: string) => Error };
  readonly pluginManager: { spawn(command: string): Promise<void> };
  readonly service: {
    readonly service: string;
    custom?: Record<string, unknown>;
    functions: Record<string, ServerlessFunction>;
    readonly provider: {
      readonly stage?: string;
      region?: string;
      environment?: Record<string, unknown>;
      httpApi?: { authorizers?: Record<string, unknown> };
    };
  };
}

/** Options of the command line by their long names. */
export type CliOptions = Readonly<Record<string, unknown>>;
