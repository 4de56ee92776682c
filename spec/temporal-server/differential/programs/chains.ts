/** Runs that follow one another: continue-as-new, cron, retries; and the timeouts of runs and their tasks. */
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import { PATIENT, type World } from '../world.js';

/** The histories of the runs of an id that the program has come across, first to last. */
async function chain(w: World, id: string, runIds: readonly string[]): Promise<Plain> {
  const all: Plain[] = [];
  for (const runId of runIds) all.push(await w.history(id, runId));
  return all;
}

/** Takes the next task, answers it. @returns the run that it was of */
async function stepOf(w: World, id: string, ...commands: object[]): Promise<string> {
  const task = await w.task(id);
  await w.answer(task, commands);
  return task.workflowExecution.runId;
}

async function runIdOf(w: World, id: string): Promise<string> {
  const [first] = await w.events(id);
  return first?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? '';
}

export const chains = subject('chains', {
  'continues as new with nothing more': async (w) => {
    const id = await w.start('wf', { memo: { fields: { m: c.payload('memo') } } });
    // A run that has lived for a second is followed by the next one at once.
    await w.step(id, c.timer('1', 1));
    const first = await stepOf(w, id, c.continueAsNew());
    const second = await stepOf(w, id, c.complete());
    return { runs: await chain(w, id, [first, second]) };
  },
  'continues as new with everything': async (w) => {
    const id = await w.start();
    const more = {
      workflowType: { name: 'another' },
      taskQueue: { name: w.id('elsewhere') },
      input: c.text('input'),
      workflowRunTimeout: { seconds: 1800 },
      workflowTaskTimeout: { seconds: 7 },
      retryPolicy: { initialInterval: { seconds: 1 }, maximumAttempts: 3 },
      header: { fields: { h: c.payload('header') } },
      memo: { fields: { m: c.payload('memo') } },
      searchAttributes: { indexedFields: { Score: c.payload(7) } },
      backoffStartInterval: { seconds: 2 },
    };
    const first = await stepOf(w, id, c.continueAsNew(more));
    const second = await stepOf(w, w.id('elsewhere'), c.complete());
    return { runs: await chain(w, id, [first, second]), described: await w.describe(id) };
  },
  'a signal during the task that continues as new': async (w) => {
    const id = await w.start();
    const task = await w.task(id);
    await w.signal(id, 's');
    const answer = await w.outcomeOf(w.answer(task, [c.continueAsNew()]));
    return { answer, history: await w.history(id) };
  },
  'a workflow is retried': async (w) => {
    const retryPolicy = { initialInterval: { seconds: 1 }, maximumAttempts: 2 };
    const id = await w.start('wf', { retryPolicy, input: c.text('input') });
    const first = await stepOf(w, id, c.fail('first'));
    const second = await stepOf(w, id, c.fail('second'));
    return { runs: await chain(w, id, [first, second]), described: await w.describe(id) };
  },
  'a failure that is not retried': async (w) => {
    const id = await w.start('wf', { retryPolicy: { maximumAttempts: 5 } });
    await w.step(id, c.fail('for good', { nonRetryable: true }));
    const types = { nonRetryableErrorTypes: ['Broken'] };
    const other = await w.start('other', { retryPolicy: types });
    await w.step(other, c.fail());
    return { marked: await w.history(id), typed: await w.history(other) };
  },
  'a failure that says when to retry': async (w) => {
    const id = await w.start('wf', { retryPolicy: { initialInterval: { seconds: 600 } } });
    const first = await stepOf(w, id, c.fail('first', { nextRetryDelay: { seconds: 1 } }));
    const second = await stepOf(w, id, c.complete());
    return { runs: await chain(w, id, [first, second]) };
  },
  'a retry that would be too late': async (w) => {
    const retryPolicy = { initialInterval: { seconds: 600 } };
    const id = await w.start('wf', { retryPolicy, workflowExecutionTimeout: { seconds: 300 } });
    await w.step(id, c.fail());
    return { history: await w.history(id) };
  },
  'a run that times out': async (w) => {
    const id = await w.start('wf', { workflowRunTimeout: { seconds: 1 } });
    return { history: await w.closedHistory(id), described: await w.describe(id) };
  },
  'a run that times out and is retried': async (w) => {
    const id = w.id('wf');
    const more = {
      workflowTaskTimeout: PATIENT,
      workflowRunTimeout: { seconds: 1 },
      retryPolicy: { initialInterval: { seconds: 1 }, maximumAttempts: 2 },
    };
    const started = await w.call('StartWorkflowExecution', w.startRequest('wf', more));
    const first = String(started.runId);
    await w.closed(id, first);
    const second = await w.until(
      () => runIdOf(w, id),
      (runId) => runId !== first,
    );
    await w.closed(id, second);
    return { runs: await chain(w, id, [first, second]) };
  },
  'a chain that times out': async (w) => {
    const id = await w.start('wf', { workflowExecutionTimeout: { seconds: 1 } });
    return { history: await w.closedHistory(id) };
  },
  'a cron schedule': async (w) => {
    const id = await w.start('wf', { cronSchedule: '@every 1s', input: c.text('input') });
    const first = await stepOf(w, id, c.complete('first'));
    const second = await stepOf(w, id, c.fail('second'));
    const third = await stepOf(w, id);
    await w.terminate(id);
    return { runs: await chain(w, id, [first, second, third]) };
  },
  'a cron schedule and retries': async (w) => {
    const id = await w.start('wf', {
      cronSchedule: '@every 1s',
      retryPolicy: { initialInterval: { seconds: 1 }, maximumAttempts: 2 },
    });
    const runs: string[] = [];
    for (const why of ['a', 'b', 'c']) runs.push(await stepOf(w, id, c.fail(why)));
    await w.terminate(id);
    return { runs: await chain(w, id, runs) };
  },
  'a cron schedule is cancelled': async (w) => {
    const id = await w.start('wf', { cronSchedule: '@every 1h' });
    const execution = { workflowExecution: { workflowId: id } };
    const answer = await w.ask('RequestCancelWorkflowExecution', execution);
    return { answer, history: await w.history(id) };
  },
  'a task that times out': async (w) => {
    const id = await w.start('wf', { workflowTaskTimeout: { seconds: 4 } });
    const late = await w.task(id);
    const again = await w.task(id);
    const answer = await w.outcomeOf(w.answer(late, [c.complete()]));
    await w.answer(again, [c.complete()]);
    return { answer, history: await w.history(id) };
  },
  'a sticky queue that nobody polls': async (w) => {
    const id = await w.start();
    const taskQueue = { name: w.id('sticky'), kind: 2, normalName: id };
    await w.answer(await w.task(id), [], {
      stickyAttributes: { workerTaskQueue: taskQueue, scheduleToStartTimeout: { seconds: 30 } },
    });
    await w.signal(id, 's');
    await w.step(id, c.complete());
    return { history: await w.history(id) };
  },
  'a sticky task': async (w) => {
    const id = await w.start();
    const taskQueue = { name: w.id('sticky'), kind: 2, normalName: id };
    await w.answer(await w.task(id), [], {
      stickyAttributes: { workerTaskQueue: taskQueue, scheduleToStartTimeout: { seconds: 30 } },
    });
    const polled = w.task(id, { taskQueue });
    await w.signal(id, 's');
    const task = await polled;
    const given = await w.outcomeOf(Promise.resolve(task));
    await w.answer(task, [c.complete()]);
    return { given, history: await w.history(id) };
  },
  'a task is heartbeaten': async (w) => {
    const id = await w.start();
    const more = { forceCreateNewWorkflowTask: true, returnNewWorkflowTask: true };
    const answer = await w.answer(await w.task(id), [c.marker('m')], more);
    const next = answer.workflowTask as { taskToken: Uint8Array };
    const given = await w.outcomeOf(Promise.resolve(answer));
    await w.answer(next, [c.complete()]);
    return { given, history: await w.history(id) };
  },
  'a timer fires': async (w) => {
    const id = await w.startWith(c.timer('1', 1));
    await w.step(id, c.complete());
    return { history: await w.history(id) };
  },
  'a timer is cancelled': async (w) => {
    const id = await w.startWith(c.timer('1', 600), c.timer('2', 600));
    await w.signal(id, 's');
    await w.step(id, c.cancelTimer('1'), c.complete());
    return { history: await w.history(id) };
  },
});
