import { LOG_LEVELS, type LogLevel } from "../config.ts";
import { TOKEN_HEADER, withoutTokens } from "./token-text.ts";

/** A line of log: JSON, one per line. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** Longest text in a record; a name or a path that is longer says nothing more to a reader. */
const MAX_TEXT_CHARACTERS = 256;

/**
 * What JSON may leave unescaped and a terminal may obey or hide: DEL, C1 control characters, line separators, marks that
 * turn the direction of writing. A line of printable ASCII has none of them.
 */
const NOT_ASCII = /[^ -~]/g;

export interface Logger {
  log(level: LogLevel, record: LogRecord): void;
  /** Writes whatever the level is: an audit record, a metric. */
  always(record: LogRecord): void;
  /** The same of a record that is a line already, put together from what `formatRecord` and `formatMembers` gave. */
  alwaysLine(line: string): void;
}

/** @param write - takes one line without its end */
export function createLogger(minimum: LogLevel, write: (line: string) => void): Logger {
  return {
    log: (level, record) => {
      if (LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(minimum)) write(formatRecord({ level, ...record }));
    },
    always: (record) => write(formatRecord(record)),
    alwaysLine: write,
  };
}

/** One line that no content can break or fill: tokens are replaced, texts cut, everything but ASCII escaped. */
export function formatRecord(record: LogRecord): string {
  // Nearly every record is clean as it is, and to see that of the whole costs a tenth of cleaning each text.
  const line = JSON.stringify(record);
  return isClean(line) ? line : cleanLine(record);
}

/**
 * The members as they stand in the line of a whole record, a comma behind each. Each text is cleaned by itself, so a line
 * that is put together from members is the line of the record that has them all.
 */
export function formatMembers(record: LogRecord): string {
  const line = formatRecord(record);
  return line === "{}" ? "" : `${line.slice(1, -1)},`;
}

const DEL = "\u007f";

/** Whether `cleanLine` would give the same: no escape, nothing but printable ASCII, no token, no long text. */
function isClean(line: string): boolean {
  if (line.includes("\\") || line.includes(DEL) || Buffer.byteLength(line) !== line.length) return false;
  if (TOKEN_HEADER.test(line)) return false;
  // A text without escapes lies between two quotes: with one in every window of this size, none is too long.
  for (let start = 0; start + MAX_TEXT_CHARACTERS < line.length; ) {
    const quote = line.lastIndexOf('"', start + MAX_TEXT_CHARACTERS);
    if (quote < start) return false;
    start = quote + 1;
  }
  return true;
}

function cleanLine(record: LogRecord): string {
  const json = JSON.stringify(record, (_key, value) => (typeof value === "string" ? cleanText(value) : value));
  return json.replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Tokens first: a cut would leave the half of one, which looks like nothing. */
function cleanText(text: string): string {
  const clean = withoutTokens(text);
  return clean.length > MAX_TEXT_CHARACTERS ? `${clean.slice(0, MAX_TEXT_CHARACTERS - 1)}…` : clean;
}
