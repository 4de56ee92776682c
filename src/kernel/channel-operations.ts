/**
 * What a task does with channels: receive, offer, select. Each is answered at once where it can be; else
 * the strand stands in the channels' lists, and whoever answers it there wakes it.
 */
import { ErrorKind, PerdureError } from '../core/errors.js';
import { type Channel, type SelectCase, Waiter, type Wakes } from './channel.js';
import { type Answer, DONE, type Item } from './program.js';
import type { Strand } from './strand.js';

/** The kernel, as far as a strand that waits at channels needs it. */
export interface Waits extends Wakes {
  /** After `delayMs`, runs `action` once, or resumes the strand that sleeps. */
  startTimer(delayMs: number, action: Strand | (() => void)): number;
}

/** @returns the answer, or `null`: the strand waits, for `timeoutMs` at most. */
export function receive(
  kernel: Waits,
  channel: Channel,
  timeoutMs: number | null,
  strand: Strand,
): Answer | null {
  const polled = channel.poll();
  if (polled !== null) return { value: polled.value, ok: polled.ok, error: null };
  if (timeoutMs !== null && timeoutMs <= 0) return timedOut();
  const waiter = waiterOf(kernel, strand, false);
  channel.awaitItem(waiter);
  if (timeoutMs !== null) {
    waiter.timer = kernel.startTimer(timeoutMs, () => {
      waiter.leave();
      kernel.wake(waiter, timedOut());
    });
  }
  return null;
}

/** @returns the answer, or `null`: the strand waits until there is room. */
export function offer(kernel: Wakes, channel: Channel, item: Item, strand: Strand): Answer | null {
  if (channel.closed) return CLOSED_OFFER;
  if (channel.offer(item)) return DONE;
  channel.awaitRoom(waiterOf(kernel, strand, false), item);
  return null;
}

/** @returns the answer of the first case that is ready, or `null`: the strand waits at all of them. */
export function select(
  kernel: Wakes,
  cases: readonly SelectCase[],
  orElse: boolean,
  strand: Strand,
): Answer | null {
  for (const { channel, sends, item } of cases) {
    if (sends) {
      if (channel.closed) return CLOSED_OFFER;
      if (channel.offer(item)) return selected(channel, null, true);
    } else {
      const polled = channel.poll();
      if (polled !== null) return selected(channel, polled.value, polled.ok);
    }
  }
  if (orElse) return selected(null, null, false);
  const waiter = waiterOf(kernel, strand, true);
  for (const { channel, sends, item } of cases) {
    if (sends) channel.awaitRoom(waiter, item);
    else channel.awaitItem(waiter);
  }
  return null;
}

/** A strand waits for one thing at a time: its waiter serves it again and again. */
function waiterOf(kernel: Wakes, strand: Strand, selecting: boolean): Waiter {
  strand.waiter ??= new Waiter(kernel, strand);
  strand.waiter.selecting = selecting;
  return strand.waiter;
}

const CLOSED_OFFER: Answer = Object.freeze({
  value: null,
  ok: false,
  error: new PerdureError(ErrorKind.INVALID, 'channel is closed'),
});

function selected(channel: Channel | null, value: Item, ok: boolean): Answer {
  return { value: { channel, value, ok }, ok: true, error: null };
}

function timedOut(): Answer {
  return {
    value: null,
    ok: false,
    error: new PerdureError(ErrorKind.TIMEOUT, 'receive timed out'),
  };
}
