/**
 * What a process has under way at its host: timers that run, and calls whose answers are still to come.
 * Its kernel owns it, and says what each of them is for.
 *
 * Invariants:
 * 1. A timer or call is here until it fired, was answered, or was given up; it is one of these once.
 * 2. Ids of timers are never used twice.
 */
import { Pocket } from '../core/pocket.js';
import type { Answer } from './program.js';
import type { Strand } from './strand.js';
import type { Syscalls } from './syscalls.js';

/** What a timer does; a strand is one that sleeps. */
export type TimerAction = Strand | (() => void);

/** Who gets an answer: a strand that waits for it, or a program that began the call and went on. */
export type Caller = Strand | ((answer: Answer) => void);

export class Outstanding {
  private timers: Pocket<TimerAction> | null = null;
  private calls: Pocket<Caller> | null = null;
  /** Timers of the deadlines of cancellations, and when each is due. */
  private deadlines: Map<number, number> | null = null;
  private lastTimer = 0;

  constructor(private readonly syscalls: Syscalls) {}

  /** @returns its id. */
  startTimer(delayMs: number, action: TimerAction): number {
    const timer = ++this.lastTimer;
    this.timers ??= new Pocket();
    this.timers.add(timer, action);
    this.syscalls.startTimer(timer, Math.max(0, delayMs));
    return timer;
  }

  /** A timer that is due at `deadline` (ms since the epoch), and outlives the program: see {@link letGo}. */
  startDeadline(deadline: number, delayMs: number, action: () => void): void {
    this.deadlines ??= new Map();
    this.deadlines.set(this.startTimer(delayMs, action), deadline);
  }

  /** What a timer that went off does; `undefined` where it is no longer here. */
  takeTimer(timer: number): TimerAction | undefined {
    return this.timers?.take(timer);
  }

  /** False where it is no longer here. */
  cancelTimer(timer: number): boolean {
    const live = this.takeTimer(timer) !== undefined;
    if (live) this.syscalls.cancelTimer(timer);
    return live;
  }

  addCall(call: number, caller: Caller): void {
    this.calls ??= new Pocket();
    this.calls.add(call, caller);
  }

  /** Who gets the answer that has come; `undefined` where nobody wants it any more. */
  takeCall(call: number): Caller | undefined {
    return this.calls?.take(call);
  }

  abandon(call: number): void {
    if (this.takeCall(call) !== undefined) this.syscalls.abandon(call);
  }

  /** When the deadlines of cancellations are, in ms since the epoch. */
  get due(): number[] {
    return [...(this.deadlines?.values() ?? [])];
  }

  /** Whether there is nothing but deadlines. */
  get isIdle(): boolean {
    return this.running().length === 0 && (this.calls?.keys() ?? []).length === 0;
  }

  /** Gives up everything that was the program's; deadlines are the process's. */
  letGo(): void {
    for (const timer of this.running()) this.cancelTimer(timer);
    for (const call of this.calls?.keys() ?? []) this.syscalls.abandon(call);
    this.calls = null;
  }

  /** Gives up the deadlines too: the process has ended. */
  close(): void {
    this.deadlines = null;
    this.letGo();
  }

  /** The timers that are no deadlines. */
  private running(): number[] {
    const { timers, deadlines } = this;
    if (timers === null) return [];
    return deadlines === null ? timers.keys() : timers.keys().filter((id) => !deadlines.has(id));
  }
}
