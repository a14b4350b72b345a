import { matchesWildcard } from "./wildcard.ts";

/** `iam`: as `matchesResource` says; `text`: a wildcard runs over every colon. */
export type WildcardReading = "iam" | "text";

/** Parts of an ARN before the resource: scheme, partition, service, region, account. */
const LEADING_PARTS = 5;

/**
 * Whether an ARN matches the pattern of a policy's resource. A wildcard stays within its part of the ARN, the parts being
 * separated by colons, but for a `*` that ends its part, which may run on over them; in the last part a colon is a
 * character as any other, and so is `/` everywhere (IAM user guide, "IAM JSON policy elements: Resource"). An older version
 * of that page let no wildcard run over a colon, and API Gateway says nothing of its own evaluation.
 */
export function matchesResource(pattern: string, arn: string, reading: WildcardReading): boolean {
  // What the plain text does not match, the narrower reading does not match either.
  if (!matchesWildcard(pattern, arn)) return false;
  const leading = pattern.split(":").slice(0, LEADING_PARTS).join(":");
  return reading === "text" || !/[*?]/.test(leading) || matchesByPart(Array.from(pattern), Array.from(arn));
}

/** The rule itself: row by row, at which lengths of the ARN so much of the pattern matches. */
function matchesByPart(pattern: readonly string[], arn: readonly string[]): boolean {
  const lastPart = startOfLastPart(arn);
  let reached = [true, ...arn.map(() => false)];
  for (const [at, sign] of pattern.entries()) {
    const endsPart = sign === "*" && /^\**(:|$)/.test(pattern.slice(at).join(""));
    const takes = (position: number): boolean => {
      const character = arn[position];
      if (sign !== "*" && sign !== "?") return sign === character;
      return endsPart || character !== ":" || position >= lastPart;
    };
    const following = reached.map(() => false);
    for (const [length] of reached.entries()) {
      const before = length > 0 && takes(length - 1);
      following[length] =
        sign === "*"
          ? reached[length] === true || (before && following[length - 1] === true)
          : before && reached[length - 1] === true;
    }
    reached = following;
  }
  return reached[arn.length] === true;
}

function startOfLastPart(arn: readonly string[]): number {
  let parts = 0;
  const colon = arn.findIndex((character) => character === ":" && ++parts === LEADING_PARTS);
  return colon < 0 ? arn.length : colon + 1;
}
