import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatPid } from '../../../src/core/pid.js';
import { temporalWorld, WORKER, type World } from '../../support/temporal-world.js';

const workflows = {
  collect: `
    return function(count)
      local seen = {}
      local inbox = process.inbox()
      for i = 1, count do
        local msg = inbox:receive()
        seen[i] = { msg:topic(), msg:payload():data() }
      end
      return seen
    end`,
  late_listener: `
    local time = require("time")
    return function()
      time.sleep("50ms")
      local jobs = process.listen("job")
      local seen = {}
      for i = 1, 5 do seen[i] = jobs:receive() end
      return seen
    end`,
  whole: `
    return function()
      local ch = process.listen("ask", { message = true })
      local msg = ch:receive()
      return { from = msg:from(), data = msg:payload():data() }
    end`,
  pong: `
    return function()
      local msg = process.inbox():receive()
      local ok, err = process.send(msg:from(), "pong", msg:payload():data() .. " back")
      return { ok = ok, err = err and err:kind() }
    end`,
  ping: `
    return function(target)
      local ok, err = process.send(target, "ping", "there")
      if err then return { kind = err:kind() } end
      return { answer = process.inbox():receive():payload():data() }
    end`,
  farewell: `
    return function(target, count)
      for i = 1, count do process.send(target, "farewell", i) end
      return "gone"
    end`,
  local_child: `
    return function()
      local pid, err = process.spawn("app:helper", "app:processes", 1, 2)
      if err then return nil, err end
      process.send(pid, "hello", "you")
      return pid
    end`,
};

describe('messages to a workflow', () => {
  let world: World;
  beforeAll(async () => {
    world = await temporalWorld({ workflows });
  });
  afterAll(() => world.close());

  it('arrive in the order in which they were sent', async () => {
    const pid = await world.spawn('collect', [20]);
    const sent = Array.from({ length: 20 }, (_, i) => [`t${i % 3}`, i] as [string, number]);
    await Promise.all(sent.map(([topic, value]) => world.send(pid, topic, value)));
    expect((await world.exitOf(pid)).value).toEqual(sent);
  });

  it('come after the startup messages', async () => {
    for (const name of [null, 'collector']) {
      const messages = [
        { topic: 'first', values: [1] },
        { topic: 'second', values: [2] },
      ];
      const pid = await world.spawn('collect', [3], { name, messages });
      await world.send(pid, 'third', 3);
      expect((await world.exitOf(pid)).value).toEqual([
        ['first', 1],
        ['second', 2],
        ['third', 3],
      ]);
    }
  });

  it('that come before somebody listens to their topic wait for that, in order', async () => {
    const pid = await world.spawn('late_listener');
    for (let i = 1; i <= 5; i++) await world.send(pid, 'job', i);
    expect((await world.exitOf(pid)).value).toEqual([1, 2, 3, 4, 5]);
  });

  it.each([
    ['a new one', null],
    ['one that runs under its name', 'asked'],
  ])('that come with the start of %s say who started it', async (_, name) => {
    const parent = `{${world.node.name}@app:processes|starter}`;
    if (name !== null) await world.spawn('whole', [], { name });
    const messages = [{ topic: 'ask', values: ['first'] }];
    const pid = await world.spawn('whole', [], { name, messages, parent });
    expect((await world.exitOf(pid)).value).toEqual({ from: parent, data: 'first' });
  });

  it('say who sent them', async () => {
    const pid = await world.spawn('whole');
    await world.send(pid, 'ask', { q: 1 });
    expect((await world.exitOf(pid)).value).toEqual({
      from: `{${world.node.name}@app:processes|sender}`,
      data: { q: 1 },
    });
  });

  it('of another Temporal client arrive too', async () => {
    const pid = await world.spawn('collect', [2]);
    const handle = world.client.client.workflow.getHandle(pid.slice(WORKER.length + 2, -1));
    await handle.signal('approve', { by: 'cli' });
    await handle.signal('bare');
    expect((await world.exitOf(pid)).value).toEqual([['approve', { by: 'cli' }], ['bare']]);
  });

  it('to one that has finished are refused with NOT_FOUND', async () => {
    const pid = await world.spawn('collect', [0]);
    await world.exitOf(pid);
    await expect(world.send(pid, 'late', 1)).rejects.toMatchObject({ kind: 'NOT_FOUND' });
  });

  it('with a name that Temporal keeps for itself do no harm', async () => {
    const pid = await world.spawn('collect', [1]);
    await expect(world.send(pid, '__temporal_x', 1)).rejects.toMatchObject({ kind: 'INVALID' });
    await world.client.connection.workflowService.signalWorkflowExecution({
      namespace: world.client.namespace,
      workflowExecution: { workflowId: pid.slice(WORKER.length + 2, -1) },
      signalName: '__temporal_poison',
    });
    await world.send(pid, 'fine', 1);
    expect((await world.exitOf(pid)).value).toEqual([['fine', 1]]);
  });

  it('in an encoding that nobody knows are shown as what they are', async () => {
    const pid = await world.spawn('collect', [1]);
    await world.client.connection.workflowService.signalWorkflowExecution({
      namespace: world.client.namespace,
      workflowExecution: { workflowId: pid.slice(WORKER.length + 2, -1) },
      signalName: 'odd',
      input: {
        payloads: [{ metadata: { encoding: Buffer.from('x/y') }, data: Buffer.from('abc') }],
      },
    });
    expect((await world.exitOf(pid)).value).toEqual([['odd', { encoding: 'x/y', data: 'abc' }]]);
  });
});

describe('a workflow that sends', () => {
  let world: World;
  beforeAll(async () => {
    world = await temporalWorld({ workflows });
  });
  afterAll(() => world.close());

  it('reaches another workflow, which can answer', async () => {
    const pong = await world.spawn('pong');
    const { value } = await world.run('ping', [pong]);
    expect(value).toEqual({ answer: 'there back' });
    expect((await world.exitOf(pong)).value).toEqual({ ok: true });
  });

  it('to one that is not running gets NOT_FOUND', async () => {
    const { value } = await world.run('ping', [formatPid(WORKER, 'nobody')]);
    expect(value).toEqual({ kind: 'NOT_FOUND' });
  });

  it('reaches a local process', async () => {
    const me = `{${world.node.name}@app:processes|sender}`;
    const pid = await world.spawn('pong');
    await world.send(pid, 'ping', 'here');
    expect(await world.node.message(me, 1)).toEqual({ topic: 'pong', values: ['here back'] });
    await world.exitOf(pid);
  });

  it('has everything delivered in order even when it returns right after sending', async () => {
    const local = formatPid('app:processes', 'listener', world.node.name);
    const pid = await world.spawn('farewell', [local, 25]);
    expect((await world.exitOf(pid)).value).toBe('gone');
    const got = world.node.delivered.filter((d) => d.pid === local).map((d) => d.signal);
    expect(got.map((s) => (s.kind === 'message' ? s.values[0] : null))).toEqual(
      Array.from({ length: 25 }, (_, i) => i + 1),
    );
    expect(got[0]).toMatchObject({ from: pid, topic: 'farewell' });
  });

  it('to a workflow has it signalled before it closes', async () => {
    const target = await world.spawn('collect', [3]);
    await world.run('farewell', [target, 3]);
    expect((await world.exitOf(target)).value).toEqual([
      ['farewell', 1],
      ['farewell', 2],
      ['farewell', 3],
    ]);
  });

  it('can start a local process and send to it', async () => {
    const { value: pid } = await world.run('local_child');
    expect(pid).toMatch(/@app:processes\|local-1}$/);
    expect(world.node.spawned[0]).toMatchObject({
      host: 'app:processes',
      order: { entry: 'app:helper', values: [1, 2] },
    });
    expect(await world.node.message(String(pid), 1)).toEqual({ topic: 'hello', values: ['you'] });
  });
});
