import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A projected volume, laid out as kubelet lays it out: `token` -> `..data/token`, `..data` -> a folder of each writing. */
export interface TokenVolume extends Disposable {
  readonly tokenFile: string;
  /** As kubelet (pkg/volume/util/atomic_writer.go): a new folder, then `..data` is replaced in one step. */
  swap(content: string): void;
  /** As a tool does that is not kubelet: the file itself is replaced. */
  replace(content: string): void;
  remove(): void;
}

export function createTokenVolume(content: string): TokenVolume {
  const folder = mkdtempSync(join(tmpdir(), "podgate-token-"));
  const tokenFile = join(folder, "token");
  let generation = 0;
  let previous: string | undefined;

  const swap = (text: string) => {
    generation += 1;
    const name = `..generation-${generation}`;
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "token"), text);
    symlinkSync(name, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    symlinkSync(join("..data", "token"), join(folder, "token_tmp"));
    renameSync(join(folder, "token_tmp"), tokenFile);
    // kubelet takes the old folder away at once: who has opened it may read on, who has only resolved it finds nothing.
    if (previous !== undefined) rmSync(join(folder, previous), { recursive: true });
    previous = name;
  };
  swap(content);

  return {
    tokenFile,
    swap,
    replace: (text) => {
      writeFileSync(join(folder, "written"), text);
      renameSync(join(folder, "written"), tokenFile);
    },
    remove: () => rmSync(tokenFile, { force: true }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
