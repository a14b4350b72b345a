/**
 * The parts of an apply, in their order. `switch` is for documents that are neither narrower nor wider than before:
 * at that moment everything else allows no more than before and no more than after.
 */
export const PHASES = ["prepare", "narrow", "switch", "widen", "tidy"] as const;

export type Phase = (typeof PHASES)[number];
