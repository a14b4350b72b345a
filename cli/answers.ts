import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import { CliError, EXIT } from "./exit-code.ts";
import type { TextStream } from "./output.ts";

/** Lines of standard input, one for each question. Nothing is read before the first. */
export class Answers implements Disposable {
  readonly #input: NodeJS.ReadStream;
  readonly #output: TextStream;
  #lines: { readonly reader: Interface; readonly next: AsyncIterator<string> } | undefined;

  constructor(input: NodeJS.ReadStream, output: TextStream) {
    this.#input = input;
    this.#output = output;
  }

  async next(question: string): Promise<string> {
    this.#output.write(question);
    if (this.#lines === undefined) {
      const reader = createInterface({ input: this.#input });
      this.#lines = { reader, next: reader[Symbol.asyncIterator]() };
    }
    const { value, done } = await this.#lines.next.next();
    // After a pipe's last line nobody has pressed return.
    if (done === true || this.#input.isTTY !== true) this.#output.write("\n");
    return done === true ? "" : value.trim();
  }

  /** A line of a terminal that is not shown while it is typed; empty for Ctrl-D. Throws `CliError` for Ctrl-C. */
  async nextUnseen(question: string): Promise<string> {
    this.#output.write(question);
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const reader = createInterface({ input: this.#input, output: nowhere, terminal: true });
    try {
      return await new Promise<string>((resolve, reject) => {
        reader.once("line", resolve);
        reader.once("close", () => resolve(""));
        // A terminal in this mode sends no signal.
        reader.once("SIGINT", () => reject(new CliError(EXIT.INTERRUPTED, "ended by Ctrl-C; nothing was stored")));
      });
    } finally {
      reader.close();
      this.#input.destroy();
      this.#output.write("\n");
    }
  }

  [Symbol.dispose](): void {
    this.#lines?.reader.close();
    if (this.#lines !== undefined) this.#input.destroy();
  }
}
