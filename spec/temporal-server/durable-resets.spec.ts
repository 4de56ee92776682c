import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { toNumber } from '../../src/temporal-server/proto.js';
import { type ByHand, commands } from './support/by-hand.js';
import { OnFile } from './support/on-file.js';

describe('resets and the file', () => {
  let file: OnFile;
  let hand: ByHand;

  beforeEach(async () => {
    file = new OnFile();
    await file.open();
    hand = file.byHand();
  });

  afterEach(() => file.end());

  async function described(workflowId: string, runId: string) {
    const answer = await file.client.call('DescribeWorkflowExecution', {
      namespace: 'default',
      execution: { workflowId, runId },
    });
    return answer as {
      workflowExtendedInfo: { resetRunId: string };
      workflowExecutionInfo: {
        versioningInfo: object | null;
        autoResetPoints: { points: object[] };
        stateTransitionCount: unknown;
      };
    };
  }

  const reset = async (workflowId: string, runId: string) => {
    const answer = await file.client.call('ResetWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId, runId },
      workflowTaskFinishEventId: 4,
      reason: 'because',
      requestId: randomUUID(),
    });
    return String(answer.runId);
  };

  async function closed(): Promise<{ workflowId: string; runId: string }> {
    const workflowId = await hand.start();
    const task = await hand.poll(workflowId);
    await hand.complete(task, commands.complete);
    return task.workflowExecution;
  }

  it.each(['reopen', 'reopenAsAfterCrash'] as const)(
    'know which run a closed one was reset to, after a %s',
    async (how) => {
      const { workflowId, runId } = await closed();
      await file.reopen(); // the run is not in memory any more
      const first = await reset(workflowId, runId);
      await file[how]();
      const base = await described(workflowId, runId);
      expect(base.workflowExtendedInfo.resetRunId).toBe(first);
      const second = await reset(workflowId, runId);
      await file[how]();
      expect((await described(workflowId, runId)).workflowExtendedInfo.resetRunId).toBe(second);
      expect((await described(workflowId, first)).workflowExtendedInfo.resetRunId).toBe('');
      expect(
        toNumber(
          (await described(workflowId, '')).workflowExecutionInfo.stateTransitionCount as number,
        ),
      ).toBe(1);
    },
  );

  it('keep where to reset to, and the options of a run', async () => {
    const workflowId = await hand.startWith();
    await file.client.call('UpdateWorkflowExecutionOptions', {
      namespace: 'default',
      workflowExecution: { workflowId },
      workflowExecutionOptions: { versioningOverride: { autoUpgrade: true } },
      updateMask: { paths: ['versioning_override'] },
    });
    const before = (await described(workflowId, '')).workflowExecutionInfo;
    expect(before.versioningInfo).toMatchObject({ versioningOverride: { autoUpgrade: true } });
    expect(before.autoResetPoints.points).toHaveLength(1);
    await file.reopen();
    expect((await described(workflowId, '')).workflowExecutionInfo).toEqual(before);
  });
});
