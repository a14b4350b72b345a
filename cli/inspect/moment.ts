/** Furthest moment that `Date` knows (ECMA-262, "Time Values"). */
const LAST_SECOND = 8.64e12;

const UNITS = [
  { seconds: 31_536_000, one: "year", many: "years" },
  { seconds: 86_400, one: "day", many: "days" },
  { seconds: 3600, one: "h", many: "h" },
  { seconds: 60, one: "min", many: "min" },
] as const;

/** `2026-01-30T17:00:00Z`, or why a calendar has no such moment. @param epoch - seconds */
export function timestamp(epoch: number): string {
  if (!(Math.abs(epoch) <= LAST_SECOND)) return "no moment of any calendar";
  return new Date(epoch * 1000).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** `in 43 min`, `2 h 10 min ago`. @param seconds - from now, negative in the past */
export function distance(seconds: number): string {
  if (!Number.isFinite(seconds)) return seconds > 0 ? "never" : "always";
  const text = duration(Math.abs(seconds));
  return seconds >= 0 ? `in ${text}` : `${text} ago`;
}

/** `43 min`, `2 h 10 min`, in the two largest units. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const index = UNITS.findIndex((unit) => whole >= unit.seconds);
  const [unit, next] = [UNITS[index], UNITS[index + 1]];
  if (unit === undefined) return `${whole} s`;
  const count = Math.floor(whole / unit.seconds);
  const first = `${count} ${count === 1 ? unit.one : unit.many}`;
  const rest = next === undefined ? 0 : Math.floor((whole % unit.seconds) / next.seconds);
  return rest === 0 || next === undefined ? first : `${first} ${rest} ${rest === 1 ? next.one : next.many}`;
}

/** Kubelet replaces a token with a fifth of its life left, or after a day (kubernetes pkg/kubelet/token/token_manager.go). */
const LONGEST_KEPT_SECONDS = 86_400;
const LEFT_OF_LIFE = 0.2;
/** It draws up to so many seconds, and comes that much earlier. */
const JITTER_SECONDS = 10;

/** From when on kubelet replaces the file. @returns epoch seconds, jitter included */
export function replacedAt(issuedAt: number, expiresAt: number): number {
  const fifth = Math.floor((expiresAt - issuedAt) * LEFT_OF_LIFE);
  return Math.min(expiresAt - fifth, issuedAt + LONGEST_KEPT_SECONDS) - JITTER_SECONDS;
}
