/** The clock port: the node and everything on it reads time here and nowhere else. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `fire` once, `delayMs` from now. */
  setTimer(delayMs: number, fire: () => void): ClockTimer;
  clearTimer(timer: ClockTimer): void;
  /**
   * Says that work is in progress whose outcome the clock must wait for, should it be one that skips
   * idle time. The returned function ends the hold; a second call of it does nothing.
   */
  hold(reason: string): () => void;
}

/** Handle of a running timer; what it is belongs to the clock. */
export type ClockTimer = object;
