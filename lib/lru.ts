import { createLRU } from "lru.min";
import { ownCopy } from "./json.ts";

/** Entries for which there is room at first. */
const FIRST_ROOM = 16;

/**
 * At most `max` values by texts or numbers, of which copies are kept; the least recently used goes first. Room is made as
 * it is filled: `lru.min` makes all of it at once, and for the caches of an authorizer that is 0.8 MB, which a cold start
 * has to allocate and to collect around.
 */
export function createLru<Key, Value>(max: number) {
  const lru = createLRU<Key, Value>({ max: Math.min(FIRST_ROOM, max) });
  const { set } = lru;
  lru.set = (key, value) => {
    if (lru.size === lru.max && lru.max < max && !lru.has(key)) lru.resize(Math.min(2 * lru.max, max));
    set(ownCopy(key), value);
  };
  return lru;
}
