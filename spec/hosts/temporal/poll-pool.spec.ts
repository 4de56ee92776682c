import { describe, expect, it } from '@jest/globals';
import { PollPool } from '../../../src/hosts/temporal/poll-pool.js';

const never = new AbortController().signal;
const pending = () => new Promise<boolean>(() => {});

/** A poll that lasts until it is let go. */
function heldPoll() {
  let begin = (): void => {};
  let end = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const poll = async (): Promise<void> => {
    begin();
    await ended;
  };
  return { poll, begun, end };
}

describe('the places for long polls', () => {
  it('are so many; the next poll begins when one is left', async () => {
    const pool = new PollPool(1, 1);
    const [first, second] = [heldPoll(), heldPoll()];
    const running = pool.run(pending, never, first.poll);
    let begun = false;
    const waiting = pool.run(pending, never, () => {
      begun = true;
      return second.poll();
    });
    await first.begun;
    expect(begun).toBe(false);
    first.end();
    await running;
    await second.begun;
    second.end();
    await waiting;
  });

  it('are not needed by what has ended: each that waits is looked at in its turn', async () => {
    const pool = new PollPool(1, 1);
    void pool.run(pending, never, heldPoll().poll);
    const looks: string[] = [];
    const looked = (name: string, times: number) => async () => {
      looks.push(name);
      return looks.filter((other) => other === name).length === times;
    };
    const both = [
      pool.run(looked('a', 3), never, async () => 'a'),
      pool.run(looked('b', 2), never, async () => 'b'),
    ];
    expect(await Promise.all(both)).toEqual(['a', 'b']);
    expect(looks).toEqual(['a', 'b', 'a', 'b', 'a']);
  });

  it('are not taken by what is given up', async () => {
    const pool = new PollPool(1, 1);
    const held = heldPoll();
    const running = pool.run(pending, never, held.poll);
    const abort = new AbortController();
    const waiting = pool.run(
      async () => false,
      abort.signal,
      async () => 'polled',
    );
    abort.abort();
    await expect(waiting).rejects.toThrow();
    held.end();
    await running;
    expect(await pool.run(pending, never, async () => 'next')).toBe('next');
  });

  it('look again at what cannot be asked now', async () => {
    const pool = new PollPool(1, 1);
    void pool.run(pending, never, heldPoll().poll);
    let asked = 0;
    const ask = async (): Promise<boolean> => {
      asked++;
      if (asked === 1) throw new Error('away');
      return true;
    };
    expect(await pool.run(ask, never, async () => 'polled')).toBe('polled');
  });
});
