import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { enums } from '../../src/temporal-server/proto.js';
import { ByHand } from './support/by-hand.js';
import { type RawClient, rawClient } from './support/raw.js';

/** Shorter than the margin that a long poll with a long deadline keeps. */
const SHORT_MS = 900;

describe('deadlines under a second', () => {
  let server: TemporalServer;
  let client: RawClient;
  let runs: ByHand;

  beforeAll(async () => {
    server = await startTemporalServer({ port: 0 });
    client = rawClient(server.address);
    runs = new ByHand(client, 'deadlines');
  });

  afterAll(async () => {
    client.close();
    await server.close();
  });

  it('are enough for a query', async () => {
    const workflowId = await runs.startWith();
    const answer = client.call(
      'QueryWorkflow',
      { namespace: 'default', execution: { workflowId }, query: { queryType: 'q' } },
      SHORT_MS,
    );
    const task = await runs.poll(workflowId, SHORT_MS);
    expect(task.query?.queryType).toBe('q');
    await client.call('RespondQueryTaskCompleted', {
      namespace: 'default',
      taskToken: task.taskToken,
      completedType: enums.QueryResultType.QUERY_RESULT_TYPE_ANSWERED,
      queryResult: { payloads: [{ data: Buffer.from('7') }] },
    });
    const { payloads } = (await answer).queryResult as { payloads: { data: Uint8Array }[] };
    expect(Buffer.from(payloads[0]?.data ?? []).toString()).toBe('7');
  });

  it('leave a long poll time to get a task', async () => {
    const workflowId = await runs.startWith();
    const polling = runs.poll(workflowId, SHORT_MS);
    await client.call('GetSystemInfo', {}); // the poll, sent first, has arrived too
    await client.call('SignalWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId },
      signalName: 's',
    });
    expect((await polling).workflowExecution?.workflowId).toBe(workflowId);
  });

  it('end a long poll empty before they have passed', async () => {
    expect((await runs.poll('nothing-here', SHORT_MS)).taskToken).toHaveLength(0);
  });
});
