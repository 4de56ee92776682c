/**
 * The program port: what runs inside a process. A program is a set of tasks (Lua coroutines, or async
 * TypeScript functions); the kernel decides which of them runs and when.
 *
 * A running task asks the kernel through {@link Performer.perform}. Where the kernel can answer at
 * once, the task goes on without giving up its turn; else the task must suspend, and the kernel
 * resumes it later with the answer. An asynchronous task runs on when its turn is over, and asks through
 * {@link Performer.request}.
 */
import type { PerdureError } from '../core/errors.js';
import type { Value } from '../core/payload.js';
import type { Request } from './request.js';
import type { Strand } from './strand.js';

/** A value of the program's own language, which the kernel only carries. */
export type Item = unknown;

/** The answer to a request. One shape for all of them, so that the hot path stays monomorphic. */
export interface Answer {
  /** What was asked for; `null` where there is none or where `error` is set. */
  readonly value: Item;
  /** Receives: false when the channel is closed and empty, or when the time ran out. */
  readonly ok: boolean;
  readonly error: PerdureError | null;
}

/** The answer of a request that has nothing to say. */
export const DONE: Answer = Object.freeze({ value: null, ok: true, error: null });

export interface Performer {
  /**
   * Asks on behalf of the task that is running now.
   * @returns the answer, or `null`: then the task must suspend until it is resumed with one.
   */
  perform(request: Request): Answer | null;
  /**
   * Asks on behalf of an asynchronous program, which may do so at any time, in a turn or between two.
   * @returns the answer, or `null`: then `strand`, one of kind `request`, is resumed with it once, and
   *   returns {@link WAITING}. It never is where the process has ended.
   */
  request(request: Request, strand: Strand): Answer | null;
  /** The task that is running, as {@link Performer.again} takes it. */
  running(): Strand;
  /** An asynchronous program did something to a channel: whoever waited for that may be ready. */
  nudge(): void;
  /** An asynchronous task has come to its end: it gets one more turn, to say how. */
  again(strand: Strand): void;
}

/** How far a task got in one turn. */
export type Step =
  | { readonly kind: 'waiting' }
  /** It used up its slice: it goes on with `resume(null)`, before any other task of its process. */
  | { readonly kind: 'preempted' }
  /** The task's function returned `value`, already copied by the payload rules. */
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'failed'; readonly error: PerdureError };

export const WAITING: Step = Object.freeze({ kind: 'waiting' });
export const PREEMPTED: Step = Object.freeze({ kind: 'preempted' });

export interface Task {
  /** Runs until the task waits or ends; `answer` is what it waits for (`null` at its first turn, and after it was preempted). */
  resume(answer: Answer | null): Step;
  /** Where the task stands in its source, `order.lua:42`; `null` where nobody knows. */
  where(): string | null;
}

export interface Program {
  /** The task that runs `main`. */
  start(values: readonly Value[]): Task;
  /** Lets go of everything; no task is resumed after this. */
  close(): void;
}
