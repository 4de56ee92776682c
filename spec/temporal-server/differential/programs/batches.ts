/** Batch operations; a namespace has room for few at a time. */
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

const START = 'StartBatchOperation';

/** Starts a job, once the namespace has room for it: a job that has just ended may still count. */
const batch = (w: World, operation: object, more: object = {}): Promise<Plain> =>
  w.until(
    () =>
      w.ask(START, {
        jobId: w.id('job'),
        reason: 'because',
        executions: [{ workflowId: w.id('wf') }],
        ...operation,
        ...more,
      }),
    (seen) => (seen as { error?: string }).error !== 'RESOURCE_EXHAUSTED',
  );

/** The job when it is over. */
const over = (w: World): Promise<Plain> =>
  w.until(
    () => w.ask('DescribeBatchOperation', { jobId: w.id('job') }),
    (seen) => (seen as { state?: string }).state !== 'BATCH_OPERATION_STATE_RUNNING',
  );

export const batches = subject(
  'batch operations',
  {
    signals: async (w) => {
      const id = await w.start();
      const signalOperation = { signal: 's', input: c.text('input'), identity: 'batcher' };
      const answer = await batch(w, { signalOperation });
      return { answer, job: await over(w), history: await w.history(id) };
    },
    cancels: async (w) => {
      const id = await w.start();
      const answer = await batch(w, { cancellationOperation: { identity: 'batcher' } });
      return { answer, job: await over(w), history: await w.history(id) };
    },
    terminates: async (w) => {
      const id = await w.start();
      const terminationOperation = { details: c.text('details'), identity: 'batcher' };
      const answer = await batch(w, { terminationOperation });
      return { answer, job: await over(w), history: await w.history(id) };
    },
    resets: async (w) => {
      const id = await w.startWith(c.complete());
      const task = { identity: 'batcher', options: { firstWorkflowTask: {} } };
      const answer = await batch(w, { resetOperation: task });
      return { answer, job: await over(w), history: await w.history(id) };
    },
    deletes: async (w) => {
      await w.startWith(c.complete());
      const answer = await batch(w, { deletionOperation: { identity: 'batcher' } });
      const job = await over(w);
      return { answer, job };
    },
    'by a query': async (w) => {
      const id = await w.start();
      const query = `WorkflowId = "${id}"`;
      await w.until(
        () => w.call('CountWorkflowExecutions', { query }),
        ({ count }) => Number(count) === 1,
      );
      const terminationOperation = { identity: 'batcher' };
      const answer = await batch(
        w,
        { terminationOperation },
        { executions: [], visibilityQuery: query },
      );
      return { answer, job: await over(w), history: await w.closedHistory(id) };
    },
    'the same job again': async (w) => {
      await w.start();
      const signalOperation = { signal: 's' };
      await batch(w, { signalOperation });
      await over(w);
      return { again: await batch(w, { signalOperation }) };
    },
    'of nobody': async (w) => {
      const answer = await batch(w, { terminationOperation: {} });
      return { answer, job: await over(w) };
    },
    'what cannot be': async (w) => {
      const terminationOperation = {};
      const query = { visibilityQuery: 'WorkflowId = "x"' };
      return {
        'no job id': await batch(w, { terminationOperation }, { jobId: '' }),
        'no reason': await batch(w, { terminationOperation }, { reason: '' }),
        'nobody in particular': await batch(w, { terminationOperation }, { executions: [] }),
        'a query and a list': await batch(w, { terminationOperation }, query),
        'no operation': await batch(w, {}),
        'a signal without a name': await batch(w, { signalOperation: {} }),
        'a reset without a target': await batch(w, { resetOperation: {} }),
        'a query that is none': await batch(
          w,
          { terminationOperation },
          { executions: [], visibilityQuery: 'Nowhere =' },
        ),
        'described: none': await w.ask('DescribeBatchOperation', { jobId: w.id('none') }),
        'described: no id': await w.ask('DescribeBatchOperation', {}),
        'stopped: none': await w.ask('StopBatchOperation', { jobId: w.id('none'), reason: 'x' }),
        'stopped: no reason': await w.ask('StopBatchOperation', { jobId: w.id('none') }),
      };
    },
  },
  { inTurn: true },
);
