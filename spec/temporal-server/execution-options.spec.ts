import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enums, type HistoryEvent } from '../../src/temporal-server/proto.js';
import { commands } from './support/by-hand.js';
import { type Served, serve } from './support/served.js';

const AUTO = { versioningOverride: { autoUpgrade: true } };
const MASK = { paths: ['versioning_override'] };
const { VersioningBehavior } = enums;

const changes = (events: readonly HistoryEvent[]) =>
  events.flatMap(({ workflowExecutionOptionsUpdatedEventAttributes: changed }) =>
    changed ? [changed] : [],
  );

/** With `PERDURE_TEST_ADDRESS` the same is asked of a real server. */
describe('UpdateWorkflowExecutionOptions', () => {
  let served: Served;

  beforeAll(async () => {
    served = await serve('options');
  });

  afterAll(() => served.close());

  const update = (workflowId: string, more: object = {}) =>
    served.client.call('UpdateWorkflowExecutionOptions', {
      namespace: 'default',
      workflowExecution: { workflowId },
      workflowExecutionOptions: AUTO,
      updateMask: MASK,
      ...more,
    });

  async function versioning(workflowId: string) {
    const { workflowExecutionInfo } = await served.client.call('DescribeWorkflowExecution', {
      namespace: 'default',
      execution: { workflowId },
    });
    const info = workflowExecutionInfo as {
      versioningInfo: { versioningOverride: unknown } | null;
    };
    return info.versioningInfo?.versioningOverride ?? null;
  }

  it('puts an override on record once, and takes it off again', async () => {
    const workflowId = await served.byHand.startWith();
    const answer = await update(workflowId);
    expect(answer.workflowExecutionOptions).toMatchObject(AUTO);
    await update(workflowId);
    expect(await versioning(workflowId)).toMatchObject({ autoUpgrade: true });
    const none = await update(workflowId, { workflowExecutionOptions: {} });
    expect(none.workflowExecutionOptions).toMatchObject({ versioningOverride: null });
    expect(await versioning(workflowId)).toBeNull();
    expect(changes(await served.byHand.history(workflowId))).toMatchObject([
      { ...AUTO, unsetVersioningOverride: false },
      { versioningOverride: null, unsetVersioningOverride: true },
    ]);
  });

  it('takes the older way to say so', async () => {
    const workflowId = await served.byHand.start();
    const behavior = VersioningBehavior.VERSIONING_BEHAVIOR_AUTO_UPGRADE;
    await update(workflowId, { workflowExecutionOptions: { versioningOverride: { behavior } } });
    expect(await versioning(workflowId)).toMatchObject({ autoUpgrade: true });
  });

  it('waits in history for the end of a workflow task that is out', async () => {
    const workflowId = await served.byHand.start();
    const task = await served.byHand.poll(workflowId);
    await update(workflowId);
    expect(changes(await served.byHand.history(workflowId))).toEqual([]);
    await served.byHand.complete(task);
    expect(changes(await served.byHand.history(workflowId))).toHaveLength(1);
  });

  it('may come with the start', async () => {
    const workflowId = await served.byHand.start(AUTO);
    expect(await versioning(workflowId)).toMatchObject({ autoUpgrade: true });
    const [started] = await served.byHand.history(workflowId);
    expect(started?.workflowExecutionStartedEventAttributes).toMatchObject(AUTO);
  });

  it('is told to the run of a reset, and may be done by it', async () => {
    const workflowId = await served.byHand.startWith();
    await update(workflowId);
    const reset = (more: object = {}) =>
      served.client.call('ResetWorkflowExecution', {
        namespace: 'default',
        workflowExecution: { workflowId },
        workflowTaskFinishEventId: 4,
        reason: 'because',
        requestId: randomUUID(),
        ...more,
      });
    await reset();
    expect(await versioning(workflowId)).toMatchObject({ autoUpgrade: true });
    const off = { workflowExecutionOptions: {}, updateMask: MASK };
    await reset({ postResetOperations: [{ updateWorkflowOptions: off }] });
    expect(await versioning(workflowId)).toBeNull();
    const types = (await served.byHand.history(workflowId)).map(({ eventType }) =>
      String(enums.EventType[eventType ?? 0]).replace('EVENT_TYPE_WORKFLOW_', ''),
    );
    expect(types.slice(3)).toEqual([
      'TASK_FAILED',
      'EXECUTION_OPTIONS_UPDATED',
      'EXECUTION_OPTIONS_UPDATED',
      'TASK_SCHEDULED',
    ]);
    await expect(
      reset({ postResetOperations: [{ signalWorkflow: { signalName: 's' } }] }),
    ).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'unsupported post reset operation: *workflow.PostResetOperation_SignalWorkflow_',
    });
  });

  it.each<[string, object]>([
    ['WorkflowId is not set on request.', { workflowExecution: {} }],
    ['UpdateMask is required', { updateMask: null }],
    ['WorkflowExecutionOptions is required', { workflowExecutionOptions: null }],
    [
      'override behavior is required',
      { workflowExecutionOptions: { versioningOverride: { pinnedVersion: '' } } },
    ],
    [
      'must provide version if override is pinned.',
      { workflowExecutionOptions: { versioningOverride: { pinned: {} } } },
    ],
    [
      "only provide pinned version if behavior is 'PINNED'",
      {
        workflowExecutionOptions: {
          versioningOverride: {
            behavior: VersioningBehavior.VERSIONING_BEHAVIOR_AUTO_UPGRADE,
            pinnedVersion: 'a.b',
          },
        },
      },
    ],
    [
      'error applying update_options: versioning_override fields must be updated together',
      { updateMask: { paths: ['versioning_override.behavior'] } },
    ],
  ])('is refused: %s', async (details, more) => {
    const workflowId = await served.byHand.start();
    await expect(update(workflowId, more)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details,
    });
  });

  it('is refused for a path that is none', async () => {
    const workflowId = await served.byHand.start();
    const details = expect.stringMatching(
      // Go's protobuf library writes one space or two, so that nobody relies on it.
      /^error parsing UpdateMask: proto:.invalid path "colour" for message "temporal\.api\.workflow\.v1\.WorkflowExecutionOptions"$/,
    );
    const wrong = update(workflowId, { updateMask: { paths: ['colour'] } });
    await expect(wrong).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, details });
  });

  it('is refused for a run that has closed', async () => {
    const workflowId = await served.byHand.startWith(commands.complete);
    await expect(update(workflowId)).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'workflow execution already completed',
    });
  });

  it('does not take a pinned version that it would not keep to', async () => {
    if (process.env.PERDURE_TEST_ADDRESS) return; // a real server has versions
    const workflowId = await served.byHand.start();
    const version = { deploymentName: 'd', buildId: 'b' };
    const pinned = { versioningOverride: { pinned: { behavior: 1, version } } };
    const refused = { code: status.UNIMPLEMENTED, details: expect.stringContaining('pinned') };
    await expect(update(workflowId, { workflowExecutionOptions: pinned })).rejects.toMatchObject(
      refused,
    );
    await expect(served.byHand.start(pinned)).rejects.toMatchObject(refused);
  });
});
