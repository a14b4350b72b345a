export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A line of log: JSON, one per line. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** Longest text in a record; a name or a path that is longer says nothing more to a reader. */
const MAX_TEXT_CHARACTERS = 256;

/** What JSON leaves unescaped and a terminal may obey: DEL, C1 control characters, line and paragraph separators. */
const UNSAFE = /[\u007f-\u009f\u2028\u2029]/g;

/** What looks like a JWT, wherever a caller put it: a path, a name. */
const TOKEN_LIKE = /ey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g;

export interface Logger {
  log(level: LogLevel, record: LogRecord): void;
  /** Writes whatever the level is: an audit record, a metric. */
  always(record: LogRecord): void;
}

/** @param write - takes one line without its end */
export function createLogger(minimum: LogLevel, write: (line: string) => void): Logger {
  return {
    log: (level, record) => {
      if (LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(minimum)) write(formatRecord({ level, ...record }));
    },
    always: (record) => write(formatRecord(record)),
  };
}

/** One line that no content can break or fill: tokens are replaced, texts cut, control characters escaped. */
export function formatRecord(record: LogRecord): string {
  const json = JSON.stringify(record, (_key, value) => (typeof value === "string" ? cleanText(value) : value));
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function cleanText(text: string): string {
  const clean = text.replace(TOKEN_LIKE, "[token]");
  return clean.length > MAX_TEXT_CHARACTERS ? `${clean.slice(0, MAX_TEXT_CHARACTERS)}…` : clean;
}
