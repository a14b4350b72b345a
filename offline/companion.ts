import type { PortName, Ports } from "./ports.ts";

/** Something that runs beside clusters and parameter store, for as long as they do. */
export interface Companion {
  /** The ports that it listens on. */
  readonly ports: readonly PortName[];
  start(ports: Ports): Promise<RunningCompanion>;
  /** Lines of the greeting: what is where. */
  places(ports: Ports): readonly (readonly [name: string, where: string])[];
  /** Lines of the greeting to paste, with a token in the shell's variable TOKEN. */
  commands(ports: Ports): string;
}

export interface RunningCompanion extends AsyncDisposable {
  /** For `${name}` in the seed file. */
  readonly variables: Readonly<Record<string, string>>;
  /** What functions are told. */
  readonly environment: Readonly<Record<string, string>>;
}
