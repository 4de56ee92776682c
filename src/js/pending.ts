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

/**
 * A program's way to its kernel. Most programs wait for one thing at a time, so one strand serves them all
 * their life; a request that waits beside another one gets a strand of its own.
 */
export class Asker {
  /** A strand that waits for nothing. */
  private spare: Pending | null = null;

  constructor(readonly kernel: Performer) {}

  /** Asks the kernel; the promise is settled when there is an answer. */
  ask<T>(request: Request, read: Reading<T>): Promise<T> {
    const pending = this.spare ?? new Pending(this);
    this.spare = null;
    const answer = this.kernel.request(request, pending);
    if (answer === null) return pending.open(read);
    this.spare = pending;
    return settled(answer, read);
  }

  /** `pending` has come to its end, and can be used again. */
  release(pending: Pending): void {
    this.spare = pending;
  }
}

class Pending extends Strand {
  private promise: Promise<unknown> | null = null;
  private read: Reading<unknown> = nothing;
  private settle: (value: unknown) => void = ignore;

  constructor(private readonly asker: Asker) {
    super('request');
  }

  open<T>(read: Reading<T>): Promise<T> {
    this.read = read;
    const promise = new Promise<T>((resolve) => {
      this.settle = resolve as (value: unknown) => void;
    });
    this.promise = promise;
    return promise;
  }

  resume(answer: Answer | null): Step {
    if (answer === null || this.promise === null) return WAITING;
    try {
      this.settle(this.read(answer));
    } catch (error) {
      this.promise.catch(ignore);
      this.settle(rejected(error));
    }
    this.promise = null;
    this.settle = ignore;
    this.asker.release(this);
    return WAITING;
  }

  where(): string | null {
    return null;
  }
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
