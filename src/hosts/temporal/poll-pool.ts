/**
 * Places for long polls. A server takes so many from one namespace, so some watches hold one of a limited
 * number of places, and those that wait for a place are looked at in rotation.
 *
 * Invariants:
 * 1. So many hold a place; those past that many were let in because what they watch has ended, and leave at once.
 * 2. Of those that wait, each is looked at in its turn, {@link LOOK_EVERY_MS} after the one before.
 */
import { setTimeout as delay } from 'node:timers/promises';

/** Long polls at a time. A server takes about 1,200 from all clients of a namespace together. */
const PLACES = 200;

/** Between two looks at watches that wait: 50 a second, so 1,000 of them are seen every 20 seconds. */
const LOOK_EVERY_MS = 20;

interface Waiting {
  readonly hasEnded: () => Promise<boolean>;
  readonly enter: () => void;
}

export class PollPool {
  private held = 0;
  private readonly waiting = new Set<Waiting>();
  private looking = false;

  constructor(
    private readonly places = PLACES,
    private readonly lookEveryMs = LOOK_EVERY_MS,
  ) {}

  /** Runs `poll` in a place, or without one as soon as `hasEnded` says so. Never runs it once aborted. */
  async run<T>(
    hasEnded: () => Promise<boolean>,
    signal: AbortSignal,
    poll: () => Promise<T>,
  ): Promise<T> {
    if (this.held < this.places) this.held++;
    else await this.wait(hasEnded, signal);
    try {
      signal.throwIfAborted();
      return await poll();
    } finally {
      this.leave();
    }
  }

  private wait(hasEnded: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const enter = (): void => {
        this.waiting.delete(item);
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => this.letIn(item);
      const item: Waiting = { hasEnded, enter };
      this.waiting.add(item);
      signal.addEventListener('abort', giveUp, { once: true });
      if (signal.aborted) giveUp();
      else void this.look();
    });
  }

  private leave(): void {
    this.held--;
    const [next] = this.waiting;
    if (next !== undefined && this.held < this.places) this.letIn(next);
  }

  private letIn(item: Waiting): void {
    this.held++;
    item.enter();
  }

  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    while (this.waiting.size > 0) {
      await delay(this.lookEveryMs, undefined, { ref: false });
      const [item] = this.waiting;
      if (item === undefined) break;
      this.waiting.delete(item); // to the end of the row
      this.waiting.add(item);
      // What cannot be asked now is asked again in its next turn.
      const ended = await item.hasEnded().catch(() => false);
      if (ended && this.waiting.has(item)) this.letIn(item);
    }
    this.looking = false;
  }
}
