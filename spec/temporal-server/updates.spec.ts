import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  isGrpcDeadlineError,
  WithStartWorkflowOperation,
  type WorkflowHandle,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import {
  bundle,
  type Harness,
  installRuntime,
  startHarness,
  TASK_QUEUE,
} from './support/harness.js';

type Code = Awaited<ReturnType<typeof bundle>>;

beforeAll(() => installRuntime());

describe.each([
  ['a cache of workflows', {}],
  ['no cache of workflows', { maxCachedWorkflows: 0 }],
])('updates of a real worker with %s', (_, options) => {
  let harness: Harness;
  let code: Code;

  beforeAll(async () => {
    harness = await startHarness();
    code = await bundle('updates.ts');
    await harness.startWorker(code, options);
  });

  afterAll(() => harness.close());

  function start(type = 'ledger') {
    const workflowId = `${type}-${randomUUID()}`;
    return harness.client.workflow.start(type, { taskQueue: TASK_QUEUE, workflowId });
  }

  async function finish(handle: WorkflowHandle): Promise<unknown> {
    await handle.signal('finish');
    const result = await handle.result();
    await Worker.runReplayHistory({ workflowBundle: code }, await handle.fetchHistory());
    return result;
  }

  async function eventCount(handle: WorkflowHandle): Promise<number> {
    return (await handle.fetchHistory()).events?.length ?? 0;
  }

  it('answer, one after the other, and change what queries see', async () => {
    const handle = await start();
    expect(await handle.executeUpdate('add', { args: ['a'] })).toBe(1);
    expect(await handle.executeUpdate('add', { args: ['b'] })).toBe(2);
    expect(await handle.query('entries')).toEqual(['a', 'b']);
    expect(await handle.executeUpdate('slow', { args: ['c'] })).toBe('c near');
    expect(await finish(handle)).toEqual(['a', 'b', 'c near']);
  });

  it('are rejected by their validator without a trace', async () => {
    const handle = await start();
    await handle.executeUpdate('add', { args: ['a'] });
    const before = await eventCount(handle);
    const rejected = handle.executeUpdate('add', { args: [''] });
    await expect(rejected).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
    await expect(rejected).rejects.toMatchObject({
      cause: { message: 'an entry needs text', type: 'Empty' },
    });
    expect(await eventCount(handle)).toBe(before);
    expect(await handle.executeUpdate('add', { args: ['b'] })).toBe(2);
    expect(await finish(handle)).toEqual(['a', 'b']);
  });

  it('fail with what their handler throws, and the run goes on', async () => {
    const handle = await start();
    await expect(handle.executeUpdate('broken')).rejects.toMatchObject({
      cause: { message: 'it broke', type: 'Broken', details: [{ code: 7 }] },
    });
    expect(await finish(handle)).toEqual([]);
  });

  it('are known by their id: the handler runs once', async () => {
    const handle = await start();
    const request = { args: ['a'] as [string], updateId: 'once' };
    expect(await handle.executeUpdate<number, [string]>('add', request)).toBe(1);
    expect(await handle.executeUpdate<number, [string]>('add', request)).toBe(1);
    expect(await handle.getUpdateHandle('once').result()).toBe(1);
    expect(await finish(handle)).toEqual(['a']);
  });

  /**
   * Temporal's worker forgets tasks that it holds for a run when it lets go of that run, which without a
   * cache it does after each one: whoever asked asks again.
   */
  async function ask(handle: WorkflowHandle): Promise<unknown> {
    for (;;) {
      try {
        const query = () => handle.query('entries');
        return await harness.client.withDeadline(Date.now() + 4000, query);
      } catch (error) {
        if (!isGrpcDeadlineError(error)) throw error;
      }
    }
  }

  it('mix with signals and queries in flight', async () => {
    const handle = await start();
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        await handle.signal('note', `s${i}`);
        await ask(handle);
        return handle.executeUpdate<string, [string]>('slow', { args: [`u${i}`] });
      }),
    );
    expect(answers).toEqual(Array.from({ length: 8 }, (_, i) => `u${i} near`));
    expect(await finish(handle)).toHaveLength(16);
  }, 90_000);

  it('can be accepted now and asked for later', async () => {
    const handle = await start();
    const accepted = await handle.startUpdate('slow', { args: ['c'], waitForStage: 'ACCEPTED' });
    expect(await accepted.result()).toBe('c near');
    expect(await finish(handle)).toEqual(['c near']);
  });

  it('that were accepted fail when the run ends before them', async () => {
    const handle = await start();
    const accepted = await handle.startUpdate('forever', { waitForStage: 'ACCEPTED' });
    expect(await finish(handle)).toEqual([]);
    await expect(accepted.result()).rejects.toMatchObject({
      cause: { type: 'AcceptedUpdateCompletedWorkflow' },
    });
  });

  it('are rejected where nothing handles them', async () => {
    const handle = await start('deaf');
    await expect(handle.executeUpdate('add', { args: ['a'] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('add') },
    });
    await handle.terminate();
  });

  it('go on in the run that takes over', async () => {
    const handle = await start();
    await handle.executeUpdate('add', { args: ['a'] });
    const anyRun = harness.client.workflow.getHandle(handle.workflowId);
    await anyRun.signal('again');
    for (let n = 2; n <= 4; n++)
      expect(await anyRun.executeUpdate('add', { args: [`${n}`] })).toBe(n);
    expect(await finish(anyRun)).toEqual(['a', '2', '3', '4']);
  });

  it('can be sent with a start, to a new run and to one that is there', async () => {
    const workflowId = `ledger-${randomUUID()}`;
    for (const [entry, count] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      const startWorkflowOperation = new WithStartWorkflowOperation('ledger', {
        workflowId,
        taskQueue: TASK_QUEUE,
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      const answer = await harness.client.workflow.executeUpdateWithStart('add', {
        args: [entry],
        startWorkflowOperation,
      });
      expect(answer).toBe(count);
    }
    const handle = harness.client.workflow.getHandle(workflowId);
    expect(await finish(handle)).toEqual(['a', 'b']);
  });

  it('outlive their worker', async () => {
    const own = await startHarness();
    try {
      const first = await own.startWorker(code, options);
      const workflowId = `ledger-${randomUUID()}`;
      const handle = await own.client.workflow.start('ledger', {
        taskQueue: TASK_QUEUE,
        workflowId,
      });
      await handle.executeUpdate('add', { args: ['a'] });
      await first();
      const sent = handle.executeUpdate('add', { args: ['b'] });
      await own.startWorker(code, options);
      expect(await sent).toBe(2);
    } finally {
      await own.close();
    }
  });
});
