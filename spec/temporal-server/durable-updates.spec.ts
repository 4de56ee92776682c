import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ByHand, commands } from './support/by-hand.js';
import { OnFile } from './support/on-file.js';
import {
  ACCEPTED,
  ADMITTED,
  accept,
  COMPLETED,
  reject,
  respond,
  say,
  sendUpdate,
  shipped,
  text,
  type UpdateTask,
} from './support/update-hand.js';

describe.each(['reopen', 'reopenAsAfterCrash'] as const)('updates after a %s', (how) => {
  let file: OnFile;
  let hand: ByHand;
  let workflowId: string;

  beforeEach(async () => {
    file = new OnFile();
    await file.open();
    hand = file.byHand();
    workflowId = await hand.startWith();
  });

  afterEach(() => file.end());

  const again = async () => {
    await file[how]();
    hand = file.byHand();
  };

  /** Sends an update whose client goes away with the server. */
  const send = (updateId: string) => {
    const { answer } = sendUpdate(file.client, workflowId, updateId);
    answer.catch(() => {});
  };

  const ask = (updateId: string, stage: number) =>
    file.client.call('PollWorkflowExecutionUpdate', {
      namespace: 'default',
      updateRef: { workflowExecution: { workflowId }, updateId },
      ...(stage && { waitPolicy: { lifecycleStage: stage } }),
    });

  async function until(updateId: string, stage: number): Promise<void> {
    for (;;) {
      const now = await ask(updateId, 0).catch((error: { code: number }) => {
        if (error.code !== status.NOT_FOUND) throw error;
        return { stage: 0 };
      });
      if ((now.stage as number) >= stage) return;
    }
  }

  const poll = () => hand.poll(workflowId) as Promise<unknown> as Promise<UpdateTask>;

  const answer = (
    task: { readonly taskToken: Uint8Array },
    messages: object[],
    list: object[] = [],
  ) =>
    file.client.call('RespondWorkflowTaskCompleted', {
      namespace: 'default',
      taskToken: task.taskToken,
      commands: list,
      messages,
    });

  const done = (value: string) => ({
    stage: COMPLETED,
    outcome: {
      success: {
        payloads: [expect.objectContaining({ data: text(value).payloads[0]?.data })],
      },
    },
  });

  it('go to a worker that were admitted before, once each and in their order', async () => {
    send('one');
    await until('one', ADMITTED);
    send('two');
    await until('two', ADMITTED);
    await again();
    expect(await ask('one', 0)).toMatchObject({ stage: ADMITTED });
    const repeated = sendUpdate(file.client, workflowId, 'one').answer;
    const waiting = ask('two', COMPLETED);
    const task = await poll();
    expect(shipped(task)).toEqual(['one after 5', 'two after 5']);
    const messages = ['one', 'two'].flatMap((id) => [accept(id), respond(id, `${id} done`)]);
    await answer(task, messages, messages.map(say));
    expect(await repeated).toMatchObject(done('one done'));
    expect(await waiting).toMatchObject(done('two done'));
  });

  it('end with the answer of a worker that had them', async () => {
    send('one');
    const task = await poll();
    await again();
    const waiting = ask('one', COMPLETED);
    const messages = [accept('one'), respond('one', 'done')];
    await answer(task, messages, messages.map(say));
    expect(await waiting).toMatchObject(done('done'));
  });

  it('go out again with a task that its worker fails after it', async () => {
    send('one');
    const task = await poll();
    await again();
    await file.client.call('RespondWorkflowTaskFailed', {
      namespace: 'default',
      taskToken: task.taskToken,
      failure: { message: 'oops' },
    });
    const next = await poll();
    expect(shipped(next)).toEqual(['one after 8']);
    await answer(next, [reject('one', 'no')]);
    await expect(ask('one', COMPLETED)).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('complete that were accepted before', async () => {
    send('one');
    const first = await poll();
    await answer(first, [accept('one')], [say(accept('one'))]);
    await again();
    expect(await ask('one', ACCEPTED)).toMatchObject({ stage: ACCEPTED });
    const waiting = ask('one', COMPLETED);
    await file.client.call('SignalWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId },
      signalName: 's',
    });
    const next = await poll();
    expect(shipped(next)).toEqual([]);
    await answer(next, [respond('one', 'done')], [say(respond('one', 'done'))]);
    expect(await waiting).toMatchObject(done('done'));
  });

  it('have their outcome, and an id is one update still', async () => {
    send('one');
    const task = await poll();
    const messages = [accept('one'), respond('one', 'done')];
    await answer(task, messages, messages.map(say));
    await until('one', COMPLETED);
    await again();
    expect(await ask('one', COMPLETED)).toMatchObject(done('done'));
    const repeated = sendUpdate(file.client, workflowId, 'one');
    expect(await repeated.answer).toMatchObject(done('done'));
    await again();
    expect(await ask('one', 0)).toMatchObject(done('done'));
  });

  it('have failed where their run closed before they had completed', async () => {
    send('one');
    const task = await poll();
    await answer(task, [accept('one')], [say(accept('one')), commands.complete]);
    await again();
    expect(await ask('one', COMPLETED)).toMatchObject({
      stage: COMPLETED,
      outcome: {
        failure: { applicationFailureInfo: { type: 'AcceptedUpdateCompletedWorkflow' } },
      },
    });
  });

  it('leave nothing when they were rejected, and those that were never taken are taken anew', async () => {
    send('one');
    await answer(await poll(), [reject('one', 'no')]);
    await again();
    await expect(ask('one', 0)).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'update "one" not found',
    });
    const repeated = sendUpdate(file.client, workflowId, 'one').answer;
    await answer(await poll(), [reject('one', 'again no')]);
    expect(await repeated).toMatchObject({ outcome: { failure: { message: 'again no' } } });
  });
});
