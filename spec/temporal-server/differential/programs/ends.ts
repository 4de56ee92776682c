/** Cancellation, termination, deletion. */
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

const NO_RUN = '01234567-89ab-4def-8123-456789abcdef';

const cancel = (w: World, id: string, more: object = {}): Promise<Plain> =>
  w.ask('RequestCancelWorkflowExecution', {
    workflowExecution: { workflowId: id },
    identity: 'canceller',
    reason: 'enough',
    requestId: w.id('cancel'),
    ...more,
  });

const terminate = (w: World, id: string, more: object = {}): Promise<Plain> =>
  w.ask('TerminateWorkflowExecution', {
    workflowExecution: { workflowId: id },
    identity: 'terminator',
    reason: 'enough',
    ...more,
  });

export const ends = subject('ends', {
  'cancelled, as its worker says': async (w) => {
    const id = await w.startWith();
    const answer = await cancel(w, id);
    await w.step(id, c.cancelled());
    return { answer, history: await w.history(id), described: await w.describe(id) };
  },
  'asked to cancel twice': async (w) => {
    const id = await w.startWith();
    const first = await cancel(w, id);
    const same = await cancel(w, id);
    const another = await cancel(w, id, { requestId: w.id('another') });
    return { first, same, another, history: await w.eventTypes(id) };
  },
  'asked to cancel during a task': async (w) => {
    const id = await w.start();
    const task = await w.task(id);
    await cancel(w, id);
    const answer = await w.outcomeOf(w.answer(task, [c.complete()]));
    return { answer, history: await w.history(id) };
  },
  'cancellations that cannot be': async (w) => {
    const id = await w.startWith(c.complete());
    return {
      nobody: await cancel(w, w.id('nobody')),
      closed: await cancel(w, id),
      'no id': await cancel(w, ''),
      'no execution': await cancel(w, id, { workflowExecution: null }),
      'a run id that is none': await cancel(w, id, {
        workflowExecution: { workflowId: id, runId: 'x' },
      }),
      'another run': await cancel(w, id, { workflowExecution: { workflowId: id, runId: NO_RUN } }),
      'another first run': await cancel(w, id, { firstExecutionRunId: NO_RUN }),
    };
  },
  'terminated with details': async (w) => {
    const id = await w.startWith(c.timer('1', 60));
    const answer = await terminate(w, id, { details: c.text('details') });
    return { answer, history: await w.history(id), described: await w.describe(id) };
  },
  'terminated during a task': async (w) => {
    const id = await w.start();
    const task = await w.task(id);
    await w.signal(id, 's');
    await terminate(w, id);
    const late = await w.outcomeOf(w.answer(task, [c.complete()]));
    return { late, history: await w.history(id) };
  },
  'terminations that cannot be': async (w) => {
    const id = await w.startWith(c.complete());
    const open = await w.start('open');
    return {
      nobody: await terminate(w, w.id('nobody')),
      closed: await terminate(w, id),
      'no id': await terminate(w, ''),
      'a run id that is none': await terminate(w, id, {
        workflowExecution: { workflowId: id, runId: 'x' },
      }),
      'another run': await terminate(w, open, {
        workflowExecution: { workflowId: open, runId: NO_RUN },
      }),
      'another first run': await terminate(w, open, { firstExecutionRunId: NO_RUN }),
    };
  },
  'completed with a result': async (w) => {
    const id = await w.startWith(c.complete('result'));
    return { history: await w.history(id), described: await w.describe(id) };
  },
  'failed with details and a cause': async (w) => {
    const id = await w.start();
    const failure = {
      ...c.failure('outer', { nonRetryable: true, details: c.text('detail') }),
      stackTrace: 'at a\nat b',
      cause: c.failure('inner'),
      encodedAttributes: c.payload('encoded'),
    };
    const command = c.fail();
    await w.step(id, { ...command, failWorkflowExecutionCommandAttributes: { failure } });
    return { history: await w.history(id), described: await w.describe(id) };
  },
  'deleted when it has closed': async (w) => {
    const id = await w.startWith(c.complete());
    return {
      answer: await w.ask('DeleteWorkflowExecution', { workflowExecution: { workflowId: id } }),
    };
  },
  'deleted while it runs': async (w) => {
    const id = await w.startWith();
    const answer = await w.ask('DeleteWorkflowExecution', {
      workflowExecution: { workflowId: id },
    });
    const gone = await w.until(
      () => w.describe(id),
      (seen) => /^workflow not found/.test((seen as { message?: string }).message ?? ''),
    );
    return { answer, gone };
  },
  'deletions that cannot be': async (w) => ({
    nobody: await w.ask('DeleteWorkflowExecution', {
      workflowExecution: { workflowId: w.id('nobody') },
    }),
    'no execution': await w.ask('DeleteWorkflowExecution', {}),
    'a run id that is none': await w.ask('DeleteWorkflowExecution', {
      workflowExecution: { workflowId: w.id('nobody'), runId: 'x' },
    }),
  }),
});
