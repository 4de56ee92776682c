/** Timers as channels: `time.after`, `time.timer`, `time.ticker`. What they deliver is a Time. */
import { Channel } from '../../kernel/channel.js';
import type { Kernel } from '../../kernel/kernel.js';
import type { ObjectType } from '../module.js';
import { method } from './args.js';
import { Instant } from './instant.js';

/** Holds one time that nobody has taken yet; a second one is dropped, as in Go. */
const timeChannel = (): Channel => new Channel(1, { receiveOnly: true });

/** A channel that delivers the time once, `delayMs` from now. */
export function after(kernel: Kernel, delayMs: number): Channel {
  return new Timer(kernel, delayMs).channel;
}

/** Goes off once; can be stopped, and set anew. */
export class Timer {
  readonly channel = timeChannel();
  private timer: number;

  constructor(
    private readonly kernel: Kernel,
    delayMs: number,
  ) {
    this.timer = this.start(delayMs);
  }

  /** True where that kept it from going off. A time nobody took is dropped (Go 1.23). */
  stop(): boolean {
    this.channel.extract(() => true);
    return this.kernel.cancelTimer(this.timer);
  }

  /** True where it had not gone off yet. */
  reset(delayMs: number): boolean {
    const active = this.stop();
    this.timer = this.start(delayMs);
    return active;
  }

  private start(delayMs: number): number {
    const { kernel, channel } = this;
    return kernel.startTimer(delayMs, () => channel.offer(Instant.fromMs(kernel.now())));
  }
}

/** Goes off every `intervalMs`, at multiples of it counted from its start, so that it does not drift. */
export class Ticker {
  readonly channel = timeChannel();
  private timer: number;
  private dueMs: number;

  constructor(
    private readonly kernel: Kernel,
    private readonly intervalMs: number,
  ) {
    this.dueMs = kernel.now();
    this.timer = this.next();
  }

  stop(): void {
    this.channel.extract(() => true);
    this.kernel.cancelTimer(this.timer);
  }

  private next(): number {
    const now = this.kernel.now();
    this.dueMs += this.intervalMs;
    // Late by more than an interval (a busy node): the ticks in between are skipped, not caught up.
    if (this.dueMs <= now) this.dueMs = now + this.intervalMs;
    return this.kernel.startTimer(this.dueMs - now, () => {
      this.channel.offer(Instant.fromMs(this.kernel.now()));
      this.timer = this.next();
    });
  }
}

export const timerType: ObjectType<Timer> = {
  of: Timer,
  name: 'Timer',
  methods: {
    channel: (_call, self) => [self.channel],
    response: (_call, self) => [self.channel],
    stop: (_call, self) => [self.stop()],
    reset: method('timer:reset', ['duration'], (self, args) => [self.reset(args.durationMs(0))]),
  },
};

export const tickerType: ObjectType<Ticker> = {
  of: Ticker,
  name: 'Ticker',
  methods: {
    channel: (_call, self) => [self.channel],
    response: (_call, self) => [self.channel],
    stop: (_call, self) => {
      self.stop();
      return [true];
    },
  },
};
