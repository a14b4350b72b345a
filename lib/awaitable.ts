/** A value that is there, or the promise of one. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Goes on with the value: at once where it is there, so that a request whose documents and keys are in memory is decided
 * in the turn of the event loop in which it came, without a promise for each step.
 */
export function whenThere<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** An answer that is asked for now and taken later, or never: until then its rejection is no unhandled one. */
export function ahead<T>(answer: Awaitable<T>): Awaitable<T> {
  if (answer instanceof Promise) answer.catch(() => undefined);
  return answer;
}
