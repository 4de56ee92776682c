import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parsePid } from '../../../src/core/pid.js';
import { eventOf } from '../../support/histories.js';
import { temporalWorld, type World } from '../../support/temporal-world.js';

const workflows = {
  waits: `return function() return process.inbox():receive():payload():data() end`,
  cancellable: `
    local time = require("time")
    return function()
      local event = process.events():receive()
      process.send(event.from, "seen", event.reason)
      return {
        kind = event.kind, reason = event.reason, from = event.from,
        timed = event.deadline ~= nil,
      }
    end`,
  stubborn: `
    local time = require("time")
    return function()
      process.events():receive()
      time.sleep("1h")
    end`,
  twice: `
    return function()
      local events = process.events()
      return { events:receive().reason, events:receive().reason }
    end`,
  in_order: `
    return function()
      local seen, inbox, events = {}, process.inbox(), process.events()
      for i = 1, 3 do
        local r = channel.select{ inbox:case_receive(), events:case_receive() }
        seen[i] = r.channel == inbox and r.value:topic() or r.value.kind
      end
      return seen
    end`,
  canceller: `
    return function(target, deadline)
      local ok, err = process.cancel(target, deadline)
      return ok or err:kind()
    end`,
  terminator: `
    return function(target)
      local ok, err = process.terminate(target)
      return ok or err:kind()
    end`,
  order: `
    local funcs = require("funcs")
    local time = require("time")
    return function()
      local paid = funcs.call("app:step", "charge")
      time.sleep("1s")
      local more = process.inbox():receive():payload():data()
      local shipped = funcs.call("app:step", "ship")
      return { paid, more, shipped }
    end`,
};

describe('stopping a workflow', () => {
  let world: World;
  const me = () => `{${world.node.name}@app:processes|canceller}`;

  beforeAll(async () => {
    world = await temporalWorld({ workflows });
  });
  afterAll(() => world.close());

  const cancel = (pid: string, reason: string | null, deadlineMs: number | null) =>
    world.host.deliver(pid, { kind: 'cancel', from: me(), reason, deadlineMs });

  it('lets its program see CANCEL, with who asked, why and until when', async () => {
    const pid = await world.spawn('cancellable');
    expect(await cancel(pid, 'enough', 60_000)).toEqual({ accepted: true });
    expect(await world.exitOf(pid)).toEqual({
      value: { kind: 'CANCEL', reason: 'enough', from: me(), timed: true },
      error: null,
    });
    expect(await world.node.message(me(), 1)).toEqual({ topic: 'seen', values: ['enough'] });
  });

  it.each([
    '{"ticket":17,"why":"customer"}',
    'see {"reason":"r","deadline":1,"from":null}',
    '{"reason":{"a":1},"deadline":null,"from":[1]}',
    '{"reason":"r","deadline":"soon","from":null}',
  ])('keeps the words of another client as they are: %s', async (reason) => {
    const pid = await world.spawn('cancellable');
    await world.client.connection.workflowService.requestCancelWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: parsePid(pid)?.id ?? '' },
      reason,
    });
    expect((await world.exitOf(pid)).value).toMatchObject({ reason, timed: false });
  });

  it('ends it when the deadline passes', async () => {
    const pid = await world.spawn('stubborn');
    await cancel(pid, null, 50);
    const { error } = await world.exitOf(pid);
    expect(error?.kind).toBe('CANCELED');
    expect(error?.message).toContain('terminated');
  });

  it('shows a second request too', async () => {
    const pid = await world.spawn('twice');
    await cancel(pid, 'first', null);
    await cancel(pid, 'second', null);
    expect((await world.exitOf(pid)).value).toEqual(['first', 'second']);
  });

  it('comes after the messages that arrived before it', async () => {
    const pid = await world.spawn('in_order');
    await world.send(pid, 'one', 1);
    await world.send(pid, 'two', 1);
    await cancel(pid, null, null);
    expect((await world.exitOf(pid)).value).toEqual(['one', 'two', 'CANCEL']);
  });

  it('works from another workflow', async () => {
    const pid = await world.spawn('cancellable');
    const canceller = await world.spawn('canceller', [pid, '1m']);
    expect((await world.exitOf(canceller)).value).toBe(true);
    expect((await world.exitOf(pid)).value).toMatchObject({ from: canceller, timed: true });
  });

  it('by terminate ends it at once', async () => {
    const pid = await world.spawn('waits');
    const exit = world.exitOf(pid);
    const signal = { kind: 'terminate', from: me(), reason: 'no more' } as const;
    expect(await world.host.deliver(pid, signal)).toEqual({ accepted: true });
    const { error } = await exit;
    expect(error?.kind).toBe('CANCELED');
    expect(error?.message).toBe('process terminated: no more');
  });

  it('by terminate works from another workflow', async () => {
    const pid = await world.spawn('waits');
    expect((await world.run('terminator', [pid])).value).toBe(true);
    expect((await world.exitOf(pid)).error?.kind).toBe('CANCELED');
  });

  it('that is not running is NOT_FOUND', async () => {
    const pid = await world.spawn('waits');
    await world.send(pid, 'go', 1);
    await world.exitOf(pid);
    const terminate = { kind: 'terminate', from: me(), reason: null } as const;
    for (const delivery of [
      await cancel(pid, null, null),
      await world.host.deliver(pid, terminate),
    ]) {
      expect(delivery).toMatchObject({ accepted: false, error: { kind: 'NOT_FOUND' } });
    }
    expect((await world.run('terminator', [pid])).value).toBe('NOT_FOUND');
    // Between workflows Temporal's own server takes a cancel of what is closed for done.
    expect([true, 'NOT_FOUND']).toContain((await world.run('canceller', [pid, '1s'])).value);
  });
});

describe('a workflow whose worker goes away', () => {
  /** Waits until the workflow sleeps: no worker has anything of it to report then. */
  const timerStarted = ({ client }: World, pid: string) =>
    eventOf(client, pid, (event) => event.timerStartedEventAttributes != null);

  it('goes on with the next worker, and does nothing twice', async () => {
    const world = await temporalWorld({
      workflows,
      activities: { step: {} },
    });
    const steps: unknown[] = [];
    world.node.functions.set('app:step', ({ values }) => {
      steps.push(values[0]);
      return `${values[0]}d`;
    });
    const pid = await world.spawn('order');
    await world.host.deliver(pid, { kind: 'monitor', from: '{n@app:p|1}' });
    await timerStarted(world, pid);
    await world.send(pid, 'more', 'in between');
    await world.host.stop(0);
    const next = world.anotherHost();
    await next.start();
    await next.deliver(pid, { kind: 'monitor', from: '{n@app:p|1}' });
    expect((await world.node.exitOf(pid)).value).toEqual(['charged', 'in between', 'shipd']);
    expect(steps).toEqual(['charge', 'ship']);
    await world.close();
  });
});
