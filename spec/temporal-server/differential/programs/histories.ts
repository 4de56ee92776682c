/** Descriptions and histories: pages, from the end, the last event alone, and waiting for more. */
import { enums } from '../../../../src/temporal-server/proto.js';
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

const { HistoryEventFilterType: Filter } = enums;

const NO_RUN = '01234567-89ab-4def-8123-456789abcdef';
const GET = 'GetWorkflowExecutionHistory';
const REVERSE = 'GetWorkflowExecutionHistoryReverse';

async function pages(w: World, method: string, request: object): Promise<Plain> {
  const sizes: number[] = [];
  let nextPageToken: unknown;
  do {
    const answer = await w.call(method, {
      ...request,
      ...(nextPageToken ? { nextPageToken } : {}),
    });
    sizes.push((answer.history as { events: object[] }).events.length);
    nextPageToken = (answer.nextPageToken as Uint8Array).length > 0 && answer.nextPageToken;
  } while (nextPageToken);
  return sizes;
}

/** Of 10 events: two tasks, a signal, a timer, the end. */
async function long(w: World): Promise<string> {
  const id = await w.startWith(c.timer('1', 600));
  await w.signal(id, 's');
  await w.step(id, c.complete());
  return id;
}

export const histories = subject('histories', {
  'a new run is described': async (w) => ({ described: await w.describe(await w.start()) }),
  'a run with everything pending is described': async (w) => {
    const childId = w.id('child');
    const id = await w.start('wf', {
      memo: { fields: { m: c.payload('memo') } },
      searchAttributes: { indexedFields: { Score: c.payload(7) } },
      workflowRunTimeout: { seconds: 600 },
      userMetadata: { summary: c.payload('summary') },
    });
    await w.step(id, c.timer('1', 600), c.activity('nobody-polls'), c.child(childId));
    const described = await w.until(
      () => w.describe(id),
      (seen) => {
        const { pendingChildren } = seen as { pendingChildren?: { runId?: string }[] };
        return pendingChildren?.[0]?.runId !== undefined;
      },
    );
    return { described, child: await w.describe(childId) };
  },
  'a run with a started task is described': async (w) => {
    const id = await w.start();
    await w.task(id);
    return { described: await w.describe(id) };
  },
  'a run with a failing task is described': async (w) => {
    const id = await w.start();
    const { taskToken } = await w.task(id);
    await w.call('RespondWorkflowTaskFailed', { taskToken, cause: 1, failure: c.failure('no') });
    return { described: await w.describe(id) };
  },
  'descriptions that cannot be': async (w) => {
    const id = await w.start();
    return {
      nobody: await w.describe(w.id('nobody')),
      'no id': await w.describe(''),
      'another run': await w.describe(id, NO_RUN),
      'a run id that is none': await w.describe(id, 'x'),
      'no execution': await w.ask('DescribeWorkflowExecution', {}),
    };
  },
  'pages of three': async (w) => {
    const id = await long(w);
    const request = { execution: { workflowId: id }, maximumPageSize: 3 };
    return {
      forward: await pages(w, GET, request),
      backward: await pages(w, REVERSE, request),
    };
  },
  'pages of fewer than none': async (w) => {
    const id = await long(w);
    const request = { execution: { workflowId: id }, maximumPageSize: -1 };
    return { forward: await w.ask(GET, request), backward: await w.ask(REVERSE, request) };
  },
  'from the end': async (w) => {
    const id = await long(w);
    return { answer: await w.ask(REVERSE, { execution: { workflowId: id } }) };
  },
  'as it is on the wire': async (w) => {
    const id = await long(w);
    return { answer: await w.ask(GET, { execution: { workflowId: id } }) };
  },
  'the last event alone': async (w) => {
    const id = await long(w);
    const filter = Filter.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT;
    const request = { execution: { workflowId: id }, historyEventFilterType: filter };
    return {
      there: await w.ask(GET, request),
      waited: await w.ask(GET, { ...request, waitNewEvent: true }),
    };
  },
  'the last event so far of a run that is open': async (w) => {
    const id = await w.startWith();
    const filter = Filter.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT;
    const request = { execution: { workflowId: id }, historyEventFilterType: filter };
    return { answer: await w.ask(GET, request) };
  },
  'waits for what comes next': async (w) => {
    const id = await w.startWith();
    const request = { execution: { workflowId: id }, waitNewEvent: true };
    const first = await w.call(GET, request);
    const next = w.ask(GET, { ...request, nextPageToken: first.nextPageToken });
    await w.signal(id, 's');
    return { first: await w.outcomeOf(Promise.resolve(first)), next: await next };
  },
  'histories that cannot be': async (w) => {
    const id = await w.start();
    const other = await w.start('other');
    const page = await w.call(GET, { execution: { workflowId: id }, maximumPageSize: 1 });
    const { nextPageToken } = page;
    const both = async (execution: object, more: object = {}) => [
      await w.ask(GET, { execution, ...more }),
      await w.ask(REVERSE, { execution, ...more }),
    ];
    return {
      nobody: await both({ workflowId: w.id('nobody') }),
      'no id': await both({}),
      'another run': await both({ workflowId: id, runId: NO_RUN }),
      'a run id that is none': await both({ workflowId: id, runId: 'x' }),
      'a page token that is none': await both(
        { workflowId: id },
        { nextPageToken: Buffer.from('x') },
      ),
      'a page token of another': await w.ask(GET, {
        execution: { workflowId: other },
        nextPageToken,
      }),
      'no execution': await w.ask(GET, {}),
    };
  },
});
