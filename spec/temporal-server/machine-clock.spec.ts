import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/temporal-server/index.js';
import { duration, enums, timestampMs } from '../../src/temporal-server/proto.js';
import { type ByHand, commands } from './support/by-hand.js';
import { OnFile } from './support/on-file.js';

const HOUR_MS = 3_600_000;

const timer = (timerId: string, ms: number) => ({
  commandType: enums.CommandType.COMMAND_TYPE_START_TIMER,
  startTimerCommandAttributes: { timerId, startToFireTimeout: duration(ms) },
});

describe('a server whose machine has its clock changed', () => {
  let putMs = 0;
  const clock = () =>
    systemClock({
      wall: () => Date.now() + putMs,
      steady: () => performance.timeOrigin + performance.now(),
    });
  let file: OnFile;

  afterEach(async () => {
    await file.end();
    putMs = 0;
  });

  async function times(hand: ByHand, workflowId: string): Promise<number[]> {
    const events = await hand.history(workflowId);
    return events.map((event) => timestampMs(event.eventTime) ?? Number.NaN);
  }

  const inOrder = (times: readonly number[]) => [...times].sort((a, b) => a - b);

  it('fires timers that the time has passed, when it is put an hour forward', async () => {
    file = new OnFile({ clock: clock() });
    await file.open();
    const hand = file.byHand();
    const id = await hand.startWith(timer('half', HOUR_MS / 2), timer('far', 9 * HOUR_MS));
    putMs = HOUR_MS;
    const task = await hand.poll(id);
    await hand.complete(task, commands.complete);
    const seen = await times(hand, id);
    expect(seen).toEqual(inOrder(seen));
    expect((seen.at(-1) ?? 0) - (seen[0] ?? 0)).toBeGreaterThan(HOUR_MS - 1000);
    const fired = (await hand.history(id)).filter((each) => each.timerFiredEventAttributes);
    expect(fired.map((each) => each.timerFiredEventAttributes?.timerId)).toEqual(['half']);
  });

  it('goes on as before when it is put an hour back: polls end, timers fire, no time goes back', async () => {
    file = new OnFile({ clock: clock() });
    await file.open();
    const hand = file.byHand();
    const id = await hand.startWith(timer('soon', 300));
    const empty = hand.poll('nobody', 1000);
    putMs = -HOUR_MS;
    await hand.complete(await hand.poll(id), timer('again', 300));
    await hand.complete(await hand.poll(id), commands.complete);
    expect((await empty).taskToken).toHaveLength(0);
    const seen = await times(hand, id);
    expect(seen).toEqual(inOrder(seen));
    expect((seen.at(-1) ?? 0) - (seen[0] ?? 0)).toBeLessThan(HOUR_MS / 2);
  });
});
