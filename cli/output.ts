import { WriteStream } from "node:tty";
import { styleText } from "node:util";
import type { Environment } from "../lib/config.ts";
import { withoutTokens } from "../lib/log/token-text.ts";
import { printable } from "./printable.ts";

/** Where text goes: standard output or standard error. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

type Style = Parameters<typeof styleText>[0];

/** Seconds between two lines of progress where nobody watches a terminal. */
const PROGRESS_LINE_SECONDS = 5;

/**
 * Everything that a command says. Results go to standard output, everything else to standard error, and no token leaves by
 * either. Colours and aligned tables are for terminals.
 */
export class Output {
  readonly #stdout: TextStream;
  readonly #stderr: TextStream;
  readonly #isColoured: boolean;
  #progressShown = false;
  #progressLineAt = 0;

  /** @param env - `NO_COLOR` and `FORCE_COLOR` say what terminals and pipes do else */
  constructor(stdout: TextStream, stderr: TextStream, env: Environment) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    const asks = stdout.isTTY === true || env["FORCE_COLOR"] !== undefined;
    this.#isColoured = asks && WriteStream.prototype.getColorDepth(env) > 1;
  }

  /** Whether a person reads the result, so that it is drawn and not only written. */
  get isForPeople(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** A command's result: as JSON where that was asked for, else as `text` writes it. */
  result(value: unknown, asJson: boolean, text: () => string): void {
    this.text(asJson ? JSON.stringify(value, null, 2) : text());
  }

  text(text: string): void {
    this.#endProgress();
    this.#stdout.write(withNewline(clean(text)));
  }

  /** A token that was asked for: the one way out for what every other way hides. For `podgate token` alone. */
  token(text: string): void {
    this.#endProgress();
    this.#stdout.write(withNewline(text));
  }

  /** A line beside the result: a warning, an error. */
  note(line: string): void {
    this.#endProgress();
    this.#stderr.write(withNewline(clean(line)));
  }

  /** How far something long has come: one line that changes on a terminal, else a line now and then. */
  progress(line: string): void {
    if (this.#stderr.isTTY === true) {
      this.#stderr.write(`\r\u001b[K${clean(line)}`);
      this.#progressShown = true;
      return;
    }
    const now = performance.now() / 1000;
    if (now - this.#progressLineAt < PROGRESS_LINE_SECONDS) return;
    this.#progressLineAt = now;
    this.#stderr.write(`${clean(line)}\n`);
  }

  style(style: Style, text: string): string {
    // Node 20 asks neither the stream nor the environment.
    return this.#isColoured ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Rows in columns for people, with a tab between the cells for pipes. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): string {
    if (!this.isForPeople) return rows.map((row) => row.join("\t")).join("\n");
    const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
    const line = (row: readonly string[]) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd();
    return [this.style("bold", line(head)), ...rows.map(line)].join("\n");
  }

  #endProgress(): void {
    if (this.#progressShown) this.#stderr.write("\r\u001b[K");
    this.#progressShown = false;
  }
}

/** Colours, which are ours, and what a terminal obeys or hides, which is not: somebody's path can hold it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROLS = /\u001b\[[0-9;]*m|[\p{C}\p{Zl}\p{Zp}]/gu;

/** What leaves: no token, and nothing that does more to a terminal than lines and colours. */
function clean(text: string): string {
  return withoutTokens(text).replace(CONTROLS, (found) =>
    found === "\n" || found === "\t" || found.endsWith("m") ? found : printable(found),
  );
}

function withNewline(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
