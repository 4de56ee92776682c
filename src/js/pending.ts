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
 * A program's way to its kernel. Most programs wait for one thing at a time, so an asker is itself the strand
 * that waits, again and again; a request beside another one gets an asker of its own.
 */
export class Asker extends Strand {
  /** What somebody awaits; `null` where nobody does. */
  private promise: Promise<unknown> | null = null;
  private read: Reading<unknown> = nothing;
  private settle: (value: unknown) => void = ignore;

  constructor(readonly kernel: Performer) {
    super('request');
  }

  /** Asks the kernel; the promise is settled when there is an answer. */
  ask<T>(request: Request, read: Reading<T>): Promise<T> {
    if (this.promise !== null) return new Asker(this.kernel).ask(request, read);
    const answer = this.kernel.request(request, this);
    return answer === null ? this.open(read) : settled(answer, read);
  }

  resume(answer: Answer | null): Step {
    const { promise, read, settle } = this;
    if (answer === null || promise === null) return WAITING;
    this.promise = null;
    this.settle = ignore;
    try {
      settle(read(answer));
    } catch (error) {
      promise.catch(ignore);
      settle(rejected(error));
    }
    return WAITING;
  }

  where(): string | null {
    return null;
  }

  private open<T>(read: Reading<T>): Promise<T> {
    this.read = read;
    const promise = new Promise<T>((resolve) => {
      this.settle = resolve as (value: unknown) => void;
    });
    this.promise = promise;
    return promise;
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
