/** A duration as kubectl takes it, `10m` or `1h30m`, or in seconds: bounds of the TokenRequest API (kubernetes validation.go). */
const DURATION = /^(?:(\d{1,5})h)?(?:(\d{1,7})m)?(?:(\d{1,9})s)?$/;
const SHORTEST_SECONDS = 600;
const LONGEST_SECONDS = 2 ** 32;

/** @returns seconds. Throws `RangeError` with what is expected. */
export function readDuration(text: string): number {
  const [whole, hours = "0", minutes = "0", seconds = "0"] = DURATION.exec(text) ?? [];
  const total = /^\d{1,10}$/.test(text)
    ? Number(text)
    : whole
      ? Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
      : Number.NaN;
  if (total >= SHORTEST_SECONDS && total <= LONGEST_SECONDS) return total;
  throw new RangeError("expected a duration of at least 10m, such as 10m, 1h30m, or seconds");
}
