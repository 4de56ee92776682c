/** What is there at once with a store that answers at once, and a promise otherwise. */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with `next` at once, or when the promise is there. */
export function then<T, U>(value: MaybePromise<T>, next: (value: T) => U): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
