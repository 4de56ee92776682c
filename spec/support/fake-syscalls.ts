/** The world of a kernel under test: a clock that is turned, and asks that are recorded. */

import type { Value } from '../../src/core/payload.js';
import { type Context, EMPTY_CONTEXT } from '../../src/core/signal.js';
import { Kernel } from '../../src/kernel/kernel.js';
import type { Answer } from '../../src/kernel/program.js';
import type { HostRequest } from '../../src/kernel/request.js';
import type { LogLevel, Syscalls } from '../../src/kernel/syscalls.js';

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: { readonly [name: string]: Value } | null;
}

export class FakeSyscalls implements Syscalls {
  timeMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  /** Every request that reached the host, by call id. */
  readonly asked = new Map<number, HostRequest>();
  readonly abandoned: number[] = [];
  readonly logs: LogLine[] = [];
  readonly printed: string[] = [];
  readonly timers = new Map<number, number>();
  /** Answers a request at once; `null` leaves it open. */
  onAsk: (request: HostRequest, call: number) => Answer | null = () => null;
  private seed = 1;

  now(): number {
    return this.timeMs;
  }

  /** A linear congruential generator: the same numbers in every run. */
  random(): number {
    this.seed = (Math.imul(this.seed, 1664525) + 1013904223) >>> 0;
    return this.seed / 2 ** 32;
  }

  startTimer(timer: number, delayMs: number): void {
    this.timers.set(timer, this.timeMs + delayMs);
  }

  cancelTimer(timer: number): void {
    this.timers.delete(timer);
  }

  ask(call: number, request: HostRequest): Answer | null {
    this.asked.set(call, request);
    return this.onAsk(request, call);
  }

  abandon(call: number): void {
    this.abandoned.push(call);
  }

  log(level: LogLevel, message: string, fields: LogLine['fields']): void {
    this.logs.push({ level, message, fields });
  }

  print(text: string): void {
    this.printed.push(text);
  }

  /** The requests in the order they were made. */
  get requests(): HostRequest[] {
    return [...this.asked.values()];
  }

  /** Runs `kernel` until it waits, then turns its clock by `ms`, firing what comes due on the way. */
  turn(kernel: Kernel, ms: number): void {
    kernel.run();
    const end = this.timeMs + ms;
    for (let next = this.nextTimer(end); next !== null; next = this.nextTimer(end)) {
      const [timer, due] = next;
      this.timeMs = Math.max(this.timeMs, due);
      this.timers.delete(timer);
      kernel.fire(timer);
      kernel.run();
    }
    this.timeMs = end;
  }

  private nextTimer(until: number): [number, number] | null {
    let next: [number, number] | null = null;
    for (const [timer, due] of this.timers) {
      if (due <= until && (next === null || due < next[1])) next = [timer, due];
    }
    return next;
  }
}

/** A kernel on fake syscalls; it has no program yet. */
export function fakeKernel(context: Context = EMPTY_CONTEXT): {
  readonly kernel: Kernel;
  readonly world: FakeSyscalls;
} {
  const world = new FakeSyscalls();
  const kernel = new Kernel({ pid: '{n1@app:host|me}', entry: 'app:me', context, syscalls: world });
  return { kernel, world };
}

/** An answer that succeeded with `value`. */
export const succeeded = (value: Value): Answer => ({ value, ok: true, error: null });
