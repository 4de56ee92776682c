import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatPid, parsePid } from '../../../src/core/pid.js';
import { temporalWorld, WORKER, type World } from '../../support/temporal-world.js';

const workflows = {
  first: `return function() return process.inbox():receive():topic() end`,
  kind: `return function() return type(process.inbox():receive():payload():data()) end`,
  hello: `return function() return "hello" end`,
};

const encoded = (json: string) => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(json),
});

describe('what another client sends in a wrong shape', () => {
  let world: World;
  beforeAll(async () => {
    world = await temporalWorld({ workflows });
  });
  afterAll(() => world.close());

  const signal = (pid: string, signalName: string, json: string) =>
    world.client.connection.workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: parsePid(pid)?.id ?? '' },
      signalName,
      input: { payloads: [encoded(json)] },
      requestId: randomUUID(),
    });

  it.each([
    ['@batch', '[null]'],
    ['@batch', '[{"topic":5,"values":7}]'],
    ['@batch', '7'],
    ['@cancel', '{"deadline":"soon","reason":{"a":1},"from":5}'],
    ['@exit', '7'],
    ['@exit', '{"from":"nobody","value":1,"error":null,"seen":null}'],
    ['@exit', '{"from":"{n@app:p|1}","value":1,"error":{"kind":"INTERNAL"},"seen":null}'],
    ['@exit', '{"from":"{n@app:p|1}","value":1,"error":null,"seen":{"seq":1}}'],
    ['@link_down', '[]'],
    ['@link', '{"from":"{n@app:p|1}","ids":"all","seen":null}'],
    ['@link', '{"from":"{n@app:p|1}","ids":[7],"seen":null}'],
    ['@link', `{"from":"{app:worker|${'x'.repeat(2000)}}","ids":["a"],"seen":null}`],
    ['@link', `{"from":"{${'x'.repeat(2000)}@app:p|1}","ids":["a"],"seen":null}`],
    ['@unlink', '{"from":5,"ids":[],"seen":null}'],
  ])('is dropped and logged: signal %s %s', async (name, json) => {
    const pid = await world.spawn('first');
    await signal(pid, name, json);
    await world.send(pid, 'good', 1);
    expect(await world.exitOf(pid)).toEqual({ value: 'good', error: null });
    const line = await world.node.until(() => world.node.logs.find((l) => l.pid === pid));
    expect(line).toMatchObject({ level: 'warn' });
    expect(line.message).toContain(`signal ${name}`);
  });

  it('does not keep the good items of a batch from arriving', async () => {
    const pid = await world.spawn('first');
    await signal(pid, '@batch', '[null,{"topic":"second","values":[]}]');
    expect((await world.exitOf(pid)).value).toBe('second');
  });

  it.each(['{"messages":5}', '{"messages":[null]}', '{"pid":7,"context":"x","parent":4}', '[1]'])(
    'is as if it were missing in a start header: %s',
    async (json) => {
      const workflowId = randomUUID();
      await world.client.connection.workflowService.startWorkflowExecution({
        namespace: 'default',
        workflowId,
        workflowType: { name: 'app:hello' },
        taskQueue: { name: world.app.workers[WORKER] ?? '' },
        requestId: workflowId,
        header: { fields: { perdure: encoded(json) } },
      });
      expect((await world.exitOf(formatPid(WORKER, workflowId))).value).toBe('hello');
    },
  );

  it('is opaque where it nests too deep', async () => {
    const pid = await world.spawn('kind');
    await signal(pid, 'a', '['.repeat(200_000) + ']'.repeat(200_000));
    expect(await world.exitOf(pid)).toEqual({ value: 'table', error: null });
  });
});
