/**
 * What a TypeScript process awaits: one request to its kernel, as a promise. It is settled in a turn of
 * the process, and never where the process has ended: such a wait does not continue.
 *
 * A promise that nobody awaits may reject without harm: like `nil, err` that a Lua program drops.
 */
import { type Answer, type Performer, type Step, WAITING } from '../kernel/program.js';
import type { Request } from '../kernel/request.js';
import { Strand } from '../kernel/strand.js';

/** What the program gets from an answer. May throw: then the promise rejects. */
export type Reading<T> = (answer: Answer) => T;

class Pending<T> extends Strand {
  promise: Promise<T> | null = null;
  private settle: ((value: T | Promise<T>) => void) | null = null;

  constructor(private readonly read: Reading<T>) {
    super('request');
  }

  open(): Promise<T> {
    this.promise = new Promise((resolve) => {
      this.settle = resolve;
    });
    return this.promise;
  }

  resume(answer: Answer | null): Step {
    if (answer === null || this.settle === null) return WAITING;
    try {
      this.settle(this.read(answer));
    } catch (error) {
      this.promise?.catch(ignore);
      this.settle(rejected(error));
    }
    return WAITING;
  }

  where(): string | null {
    return null;
  }
}

/** Asks the kernel; the promise is settled when there is an answer. */
export function ask<T>(kernel: Performer, request: Request, read: Reading<T>): Promise<T> {
  const pending = new Pending(read);
  const answer = kernel.request(request, pending);
  return answer === null ? pending.open() : settled(answer, read);
}

/** A promise for what `read` makes of an answer that is there. */
function settled<T>(answer: Answer, read: Reading<T>): Promise<T> {
  if (read === nothing && answer.error === null) return ALL_IS_SAID as Promise<T>;
  try {
    return Promise.resolve(read(answer));
  } catch (error) {
    return rejected(error);
  }
}

/** A rejection that may go unread. */
export function rejected(error: unknown): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(ignore);
  return promise;
}

/** Whoever awaits the promise still gets the error. */
const ignore = (): void => {};

/** One promise for all that was done at once and has nothing to say: most sends. */
const ALL_IS_SAID: Promise<unknown> = Promise.resolve();

export const nothing: Reading<void> = ({ error }) => {
  if (error !== null) throw error;
};

export const value: Reading<unknown> = ({ value, error }) => {
  if (error !== null) throw error;
  return value;
};
