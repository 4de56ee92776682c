import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/temporal-server/clock.js';
import { Engine } from '../../src/temporal-server/engine/engine.js';
import type { Task } from '../../src/temporal-server/engine/task.js';
import { executionMethods } from '../../src/temporal-server/frontend/executions.js';
import { Matching } from '../../src/temporal-server/matching.js';
import { MemoryStore } from '../../src/temporal-server/memory-store.js';
import { Namespaces } from '../../src/temporal-server/namespaces.js';
import { codec } from '../../src/temporal-server/proto.js';
import { type ByHand, commands } from './support/by-hand.js';
import { OnFile } from './support/on-file.js';
import { turnedClock } from './support/turned-clock.js';

type Execution = { readonly workflowId: string; readonly runId: string };

/** What is sent at once comes in this order, and the first is on its way to the disk when the second comes. */
describe('a closed run that is deleted, on a file', () => {
  let file: OnFile;
  let hand: ByHand;
  let old: Execution;

  beforeEach(async () => {
    file = new OnFile();
    await file.open();
    hand = file.byHand();
    const task = await hand.poll(await hand.start());
    await hand.complete(task, commands.complete);
    old = task.workflowExecution;
  });

  afterEach(() => file.end());

  const call = (method: string, more: object) =>
    file.client.call(method, { namespace: 'default', ...more });

  const remove = () => call('DeleteWorkflowExecution', { workflowExecution: old });

  const reset = () =>
    call('ResetWorkflowExecution', {
      workflowExecution: old,
      workflowTaskFinishEventId: 4,
      reason: 'because',
      requestId: randomUUID(),
    });

  const start = () =>
    call('StartWorkflowExecution', {
      workflowId: old.workflowId,
      workflowType: { name: 'again' },
      taskQueue: { name: old.workflowId },
      requestId: randomUUID(),
    });

  async function currentRunId(): Promise<string> {
    const execution = { workflowId: old.workflowId };
    const answer = await call('DescribeWorkflowExecution', { execution });
    return (answer.workflowExecutionInfo as { execution: Execution }).execution.runId;
  }

  const terminate = () =>
    call('TerminateWorkflowExecution', { workflowExecution: { workflowId: old.workflowId } });

  it.each([
    ['is started', start],
    ['a reset makes', reset],
  ])('leaves the run current that %s meanwhile', async (_, begin) => {
    const [begun] = await Promise.all([begin(), remove()]);
    expect(await currentRunId()).toBe(begun.runId);
    await terminate();
    await file.reopen();
    expect(await currentRunId()).toBe(begun.runId);
  });

  it.each([
    ['before', [reset, remove]],
    ['after', [remove, reset]],
  ])('is gone although it was reset just %s', async (_, calls) => {
    await Promise.allSettled(calls.map((each) => each()));
    const gone = { code: status.NOT_FOUND };
    await expect(call('GetWorkflowExecutionHistory', { execution: old })).rejects.toMatchObject(
      gone,
    );
    await expect(reset()).rejects.toMatchObject(gone);
    await file.reopen();
    await expect(call('DescribeWorkflowExecution', { execution: old })).rejects.toMatchObject(gone);
  });

  it('is not found by a reset that waited for its turn', async () => {
    const signal = call('SignalWithStartWorkflowExecution', {
      workflowId: old.workflowId,
      workflowType: { name: 'again' },
      taskQueue: { name: old.workflowId },
      signalName: 'go',
      requestId: randomUUID(),
    });
    const [, , late] = await Promise.allSettled([signal, remove(), reset()]);
    expect(late).toMatchObject({ reason: { code: status.NOT_FOUND } });
  });
});

describe('a closed run whose retention is over, on a file', () => {
  it.each([
    ['is started', 'StartWorkflowExecution', {}],
    ['a signal starts', 'SignalWithStartWorkflowExecution', { signalName: 'go' }],
  ])('leaves the run current that %s meanwhile', async (_, method, more) => {
    const clock = turnedClock();
    const file = new OnFile({ clock });
    await file.open();
    const hand = file.byHand();
    const task = await hand.poll(await hand.start());
    await hand.complete(task, commands.complete);
    const { workflowId, runId: oldRunId } = task.workflowExecution;
    clock.turnAtNextLook(25 * 3_600_000);
    const { runId } = await file.client.call(method, {
      namespace: 'default',
      workflowId,
      workflowType: { name: 'again' },
      taskQueue: { name: workflowId },
      requestId: randomUUID(),
      ...more,
    });
    const described = (execution: object) =>
      file.client.call('DescribeWorkflowExecution', { namespace: 'default', execution });
    const current = { workflowExecutionInfo: { execution: { runId } } };
    expect(await described({ workflowId })).toMatchObject(current);
    await expect(described({ workflowId, runId: oldRunId })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
    const workflowExecution = { workflowId };
    await file.client.call('TerminateWorkflowExecution', {
      namespace: 'default',
      workflowExecution,
    });
    await file.reopen();
    expect(await described({ workflowId })).toMatchObject(current);
    await file.end();
  });
});

describe('a workflow id whose last run is dropped', () => {
  it.each(['at once', 'while something else is under way for it'])(
    'is let go: %s',
    async (when) => {
      const namespaces = new Namespaces(randomUUID, {}, new MemoryStore());
      await namespaces.register('default');
      const engine = new Engine({
        clock: systemClock(),
        store: new MemoryStore(),
        matching: new Matching<Task>(),
        namespaces,
        newId: randomUUID,
        isBackground: () => false,
        observe: () => {},
        deliver: async () => {},
      });
      const methods = executionMethods(engine);
      const call = (method: string, more: object) => {
        const request = codec<object>(`temporal.api.workflowservice.v1.${method}Request`);
        const plain = { namespace: 'default', requestId: randomUUID(), ...more };
        // Through its bytes, so that what is not set has its default.
        const received = request.decode(request.encode(plain).finish());
        return methods[method]?.(received as never, {} as never);
      };
      await call('StartWorkflowExecution', {
        workflowId: 'w',
        workflowType: { name: 't' },
        taskQueue: { name: 'q' },
      });
      await call('TerminateWorkflowExecution', { workflowExecution: { workflowId: 'w' } });
      const run = engine.find('default', 'w', '');
      let end = () => {};
      const busy = new Promise<void>((resolve) => {
        end = resolve;
      });
      if (when !== 'at once') engine.exclusive(run.execution, () => busy);
      const dropped = engine.drop(run.key);
      end();
      await dropped;
      await new Promise((resolve) => setImmediate(resolve));
      expect(engine.execution('default', 'w')).not.toBe(run.execution);
      engine.close();
    },
  );
});
