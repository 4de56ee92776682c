import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TemporalHost } from '../../../src/hosts/temporal/index.js';
import { eventOf } from '../../support/histories.js';
import { luaSource, temporalWorld, WORKER, type World } from '../../support/temporal-world.js';

const ORDER = `
local funcs = require("funcs")
local time = require("time")
return function()
  local inbox = process.inbox()
  local paid = funcs.call("app:charge", 10)
  inbox:receive()
  time.sleep("10ms")
  inbox:receive()
  return paid
end`;

const withLine = (line: number, text: string): string =>
  ORDER.split('\n')
    .map((old, i) => (i + 1 === line ? text : old))
    .join('\n');

/** A server tries a failed task again when its time is up. */
const TASK = { 'temporal.workflow.task_timeout': '2s' };

describe('a changed source on an open run', () => {
  let world: World;
  let current: TemporalHost;
  beforeEach(async () => {
    world = await temporalWorld({
      workflows: { order: ORDER },
      activities: { charge: {}, refund: {} },
    });
    world.node.functions.set('app:charge', ({ values }) => values[0] ?? null);
    current = world.host;
  });
  afterEach(async () => {
    await current.stop(5000);
    await world.close();
  }, 60_000);

  /** The worker stops, and one with this source takes its place. */
  const deploy = async (text: string): Promise<void> => {
    await current.stop(5000);
    const source = luaSource('order', text);
    const app = {
      ...world.app,
      workflows: world.app.workflows.map((w) => ({ ...w, source })),
    };
    const { client, node } = world;
    const taskQueue = app.workers[WORKER] ?? '';
    current = new TemporalHost({ id: WORKER, client, taskQueue, app, node });
    await current.start();
  };

  const started = async (): Promise<string> => {
    const pid = await world.spawn('order', [], { options: TASK });
    await world.send(pid, 'go', 1);
    await eventOf(world.client, pid, (event) => event.timerFiredEventAttributes != null);
    return pid;
  };

  const report = () =>
    world.node.logs.map(({ message }) => message).filter((m) => m.includes('diverges from'));

  const finish = async (pid: string): Promise<void> => {
    expect(await world.exitOf(pid)).toEqual({ value: 10, error: null });
  };

  it.each([
    [
      'another call',
      withLine(6, '  local paid = funcs.call("app:refund", 10)'),
      /order\.lua:6 asks for: activity app:refund\(10\).*event 5, asked for at order\.lua:6: activity app:charge\(10\)/,
    ],
    [
      'a call that is gone',
      withLine(8, '  inbox:receive()'),
      /the code asks for nothing more; the history has, in event \d+, asked for at order\.lua:8: timer of 10 ms/,
    ],
    [
      'one that came in between',
      withLine(8, '  funcs.call("app:charge", 10) time.sleep("10ms")'),
      /order\.lua:8 asks for: activity app:charge\(10\).*order\.lua:8: timer of 10 ms/,
    ],
    [
      'another call, in a typed source',
      withLine(6, '  local paid: number? = funcs.call("app:refund", 10) as number'),
      /order\.lua:6 asks for: activity app:refund\(10\).*asked for at order\.lua:6: activity app:charge\(10\)/,
    ],
  ])(
    'is reported with both places, and waits for fixed code: %s',
    async (_name, changed, expected) => {
      const pid = await started();
      await deploy(changed);
      await world.send(pid, 'go', 2);
      const failed = await eventOf(
        world.client,
        pid,
        (e) => e.workflowTaskFailedEventAttributes != null,
      );
      const { cause, failure } = failed.workflowTaskFailedEventAttributes ?? {};
      expect(failure?.message).toMatch(expected);
      expect(failure?.message).toContain('workflow.version');
      expect(cause).toBe(24);
      expect(report()).toHaveLength(1);
      expect(report()[0]).toMatch(expected);
      await deploy(ORDER);
      await finish(pid);
    },
    60_000,
  );

  it('is no divergence where it asks for the same', async () => {
    const pid = await started();
    await deploy(`-- a comment\n${ORDER}`);
    await world.send(pid, 'go', 2);
    await finish(pid);
    expect(report()).toEqual([]);
  }, 60_000);
});
