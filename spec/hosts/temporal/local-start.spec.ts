import { describe, expect, it } from '@jest/globals';
import {
  ActivityFailure,
  ApplicationFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import type { Value } from '../../../src/core/payload.js';
import { startLocal } from '../../../src/hosts/temporal/workflow/local-start.js';
import type { SpawnRequest } from '../../../src/kernel/request.js';

const request: SpawnRequest = {
  entry: 'app:clerk',
  host: 'app:processes',
  values: [],
  name: null,
  messages: [],
  context: {},
  options: {},
  monitor: true,
  link: false,
};

const start = (answer: Promise<Value>) =>
  startLocal({ own: () => answer } as never, '{app:worker|w}', request);

const failed = (cause: Error) =>
  Promise.reject(
    new ActivityFailure('Activity failed', 'perdure.spawn', '1', RetryState.TIMEOUT, 'n1', cause),
  );

describe('the start of a local process from a workflow', () => {
  it('is UNAVAILABLE where no node answers in time', async () => {
    const late = new TimeoutFailure('activity timed out', undefined, TimeoutType.SCHEDULE_TO_START);
    await expect(start(failed(late))).rejects.toMatchObject({
      kind: 'UNAVAILABLE',
      message: expect.stringContaining('app:processes'),
    });
  });

  it('fails as its host says', async () => {
    const full = ApplicationFailure.nonRetryable('full', 'RATE_LIMITED');
    await expect(start(failed(full))).rejects.toMatchObject({ kind: 'RATE_LIMITED' });
  });

  it('understands an answer of a node that took no monitors yet', async () => {
    const answer = await start(Promise.resolve('{n1@app:processes|1}'));
    expect(answer).toEqual({ pid: '{n1@app:processes|1}', bound: false });
  });
});
