import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { EventType, type HistoryEvent } from '../../src/temporal-server/proto.js';
import { ByHand, commands } from './support/by-hand.js';
import { type RawClient, rawClient } from './support/raw.js';

const NO_TOKEN = Buffer.alloc(0);

/** What pages tell of while what they are of goes on. */
describe.each(['in memory', 'in a file'])('pages %s', (where) => {
  let folder: string;
  let server: TemporalServer;
  let client: RawClient;
  let hand: ByHand;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'perdure-pages-'));
    const file = where === 'in a file' ? { dbFilename: join(folder, 'db') } : {};
    server = await startTemporalServer({ port: 0, ...file });
    client = rawClient(server.address);
    hand = new ByHand(client, 'pages');
  });

  afterAll(async () => {
    client.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const signal = (workflowId: string) =>
    client.call('SignalWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId },
      signalName: 's',
    });

  const terminate = (workflowId: string) =>
    client.call('TerminateWorkflowExecution', {
      namespace: 'default',
      workflowExecution: { workflowId },
    });

  /** All events, page by page; `between` happens after each of them. */
  async function events(
    method: string,
    request: object,
    between: (page: number) => Promise<unknown>,
  ): Promise<HistoryEvent[]> {
    const all: HistoryEvent[] = [];
    let nextPageToken = NO_TOKEN;
    for (let page = 1; ; page++) {
      const more = { namespace: 'default', nextPageToken, ...request };
      const answer = await client.call(method, more);
      all.push(...(answer.history as { events: HistoryEvent[] }).events);
      nextPageToken = answer.nextPageToken as Buffer<ArrayBuffer>;
      if (nextPageToken.length === 0) return all;
      await between(page);
    }
  }

  const ids = (all: readonly HistoryEvent[]) => all.map(({ eventId }) => Number(eventId));
  const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

  it('of a history have each event once, in order, while more are written', async () => {
    const workflowId = await hand.startWith();
    for (let i = 0; i < 5; i++) await signal(workflowId);
    const request = { execution: { workflowId }, maximumPageSize: 2 };
    const seen = await events('GetWorkflowExecutionHistory', request, (page) =>
      page < 4 ? signal(workflowId) : Promise.resolve(),
    );
    const count = (await hand.history(workflowId)).length;
    expect(ids(seen)).toEqual(upTo(count));
  });

  it('of a history that is followed end with the run, and stay with it when another takes over', async () => {
    const workflowId = await hand.startWith();
    const { runId } = (await hand.poll(await signalled(workflowId))).workflowExecution;
    const request = { execution: { workflowId }, maximumPageSize: 3, waitNewEvent: true };
    const seen = await events('GetWorkflowExecutionHistory', request, async (page) => {
      if (page > 1) return;
      await terminate(workflowId);
      await hand.start({ workflowId, taskQueue: { name: workflowId }, requestId: 'again' });
    });
    expect(ids(seen)).toEqual(upTo((await hand.history(workflowId, runId)).length));
    expect(seen.at(-1)?.eventType).toBe(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED);
  });

  async function signalled(workflowId: string): Promise<string> {
    await signal(workflowId);
    return workflowId;
  }

  it('of a history from its end go back from where they began', async () => {
    const workflowId = await hand.startWith();
    for (let i = 0; i < 5; i++) await signal(workflowId);
    const last = (await hand.history(workflowId)).length;
    const request = { execution: { workflowId }, maximumPageSize: 2 };
    const seen = await events('GetWorkflowExecutionHistoryReverse', request, () =>
      signal(workflowId),
    );
    expect(ids(seen)).toEqual(upTo(last).reverse());
  });

  it('of a history that is deleted meanwhile are NOT_FOUND', async () => {
    const workflowId = await hand.startWith(commands.complete);
    const request = { execution: { workflowId }, maximumPageSize: 1 };
    const reading = events('GetWorkflowExecutionHistory', request, () =>
      client.call('DeleteWorkflowExecution', {
        namespace: 'default',
        workflowExecution: { workflowId },
      }),
    );
    await expect(reading).rejects.toMatchObject({ code: 5 });
  });

  it.each([
    ['with a query', (type: string) => `WorkflowType = '${type}'`],
    ['in an order', (type: string) => `WorkflowType = '${type}' ORDER BY WorkflowId`],
    ['with two conditions', (type: string) => `WorkflowType = '${type}' AND WorkflowId != 'x'`],
  ])(
    'of a list leave no run out that closes meanwhile, and show the others once: %s',
    async (how, queryOf) => {
      const type = `t-${where}-${how}`.replaceAll(' ', '-');
      const open: string[] = [];
      for (let i = 0; i < 8; i++) open.push(await hand.start({ workflowType: { name: type } }));
      const closed = [open[7], open[6], open[0]].filter((id) => id !== undefined);
      const seen: string[] = [];
      let nextPageToken = NO_TOKEN;
      do {
        const answer = await client.call('ListWorkflowExecutions', {
          namespace: 'default',
          query: queryOf(type),
          pageSize: 2,
          nextPageToken,
        });
        const page = answer.executions as { execution: { workflowId: string } }[];
        seen.push(...page.map(({ execution }) => execution.workflowId));
        nextPageToken = answer.nextPageToken as Buffer<ArrayBuffer>;
        // Of the first, the last, and those that are on no page yet.
        const next = closed.pop();
        if (next) await terminate(next);
      } while (nextPageToken.length > 0);
      expect(new Set(seen)).toEqual(new Set(open));
      const others = seen.filter((id) => ![open[7], open[6], open[0]].includes(id));
      expect(others.sort()).toEqual(open.slice(1, 6).sort());
      if (how === 'in an order') expect(seen).toHaveLength(8);
    },
  );
});
