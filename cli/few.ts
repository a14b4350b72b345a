const MOST = 3;

/** The first of these, and how many more there are: for a line that must stay one. */
export function few(names: readonly string[]): string {
  const more = names.length - MOST;
  return more > 0 ? `${names.slice(0, MOST).join(", ")} and ${more} more` : names.join(", ");
}
