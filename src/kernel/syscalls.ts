/**
 * The syscalls port: all that a kernel can ask of the world. It has no clock, no randomness and no
 * I/O of its own, so the same inputs lead to the same steps; that is what makes one program run as a
 * local process, as a durable workflow, and step by step in a spec.
 */
import type { Value } from '../core/payload.js';
import type { Answer } from './program.js';
import type { HostRequest } from './request.js';

export const LogLevel = { DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];

export interface Syscalls {
  /** The process's clock: ms since the epoch. In a workflow, the time of the current task. */
  now(): number;
  /**
   * A number in [0, 1) with at least 32 random bits, replayed in a workflow. Where it is not replayed it
   * comes from a source that is fit for keys: `uuid` and `crypto.random_bytes` are made of it.
   */
  random(): number;
  /** Fires once, through `Kernel.fire(timer)`, after `delayMs` (0 or more). Ids are never used twice. */
  startTimer(timer: number, delayMs: number): void;
  cancelTimer(timer: number): void;
  /**
   * Asks the host. It answers at once, or returns `null` and answers later, once, through
   * `Kernel.answer(call, …)`. Ids are never used twice.
   */
  ask(call: number, request: HostRequest): Answer | null;
  /** Nobody waits for this call any more (a cancelled future). A late answer is ignored. */
  abandon(call: number): void;
  /** There is something to run, made so between two turns. Hosts of asynchronous programs have it. */
  wake?(): void;
  /**
   * The same, where none of the program's own code is under way: the process may have its turn at once.
   * Hosts of asynchronous programs have it.
   */
  proceed?(): void;
  /**
   * An asynchronous program got an answer at once. True: it has run for long enough, and must go on in
   * a turn. Hosts of asynchronous programs have it.
   */
  spend?(): boolean;
  log(level: LogLevel, message: string, fields: { readonly [name: string]: Value } | null): void;
  /** Text for the terminal, without a line end (Lua's `print`). */
  print(text: string): void;
}
