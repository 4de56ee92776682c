/** Activities: how they end, every timeout, retries, heartbeats, cancellation, and calls by id. */
import { enums } from '../../../../src/temporal-server/proto.js';
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { ActivityTask, World } from '../world.js';

const { TimeoutType } = enums;
const ONCE = { retryPolicy: { maximumAttempts: 1 } };

const respond = (w: World, how: string, task: ActivityTask, more: object = {}): Promise<Plain> =>
  w.ask(`RespondActivityTask${how}`, {
    taskToken: task.taskToken,
    identity: 'activity worker',
    ...more,
  });

const byId = (w: World, how: string, workflowId: string, more: object = {}): Promise<Plain> =>
  w.ask(`RespondActivityTask${how}ById`, {
    workflowId,
    activityId: '1',
    identity: 'somebody',
    ...more,
  });

const heartbeat = (w: World, task: ActivityTask, details = 'progress'): Promise<Plain> =>
  w.ask('RecordActivityTaskHeartbeat', { taskToken: task.taskToken, details: c.text(details) });

const withActivity = (w: World, more: object = {}): Promise<string> =>
  w.startWith(c.activity(w.id('wf'), more));

/** Takes the task that follows an activity's end. */
async function after(w: World, id: string): Promise<Plain> {
  await w.step(id, c.complete());
  return w.history(id);
}

async function timesOut(w: World, more: object, take: boolean): Promise<{ history: Plain }> {
  // Who is to take it waits for it already: it has not long.
  const taken = take ? w.activityTask(w.id('wf')) : null;
  const [id] = await Promise.all([withActivity(w, { ...ONCE, ...more }), taken]);
  return { history: await after(w, id) };
}

/** A run whose activity has been taken and is then asked to cancel. */
async function cancelledOne(w: World, more: object = {}): Promise<[string, ActivityTask]> {
  const id = await withActivity(w, more);
  const task = await w.activityTask(id);
  await w.signal(id, 's');
  await w.step(id, c.cancelActivity(5));
  return [id, task];
}

export const activities = subject('activities', {
  'one that completes': async (w) => {
    const id = await withActivity(w, { header: { fields: { h: c.payload('header') } } });
    const task = await w.activityTask(id);
    const given = await w.outcomeOf(Promise.resolve(task));
    const answer = await respond(w, 'Completed', task, { result: c.text('result') });
    return { given, answer, history: await after(w, id) };
  },
  'one that fails for good': async (w) => {
    const id = await withActivity(w);
    const failure = c.failure('for good', { nonRetryable: true, details: c.text('detail') });
    const answer = await respond(w, 'Failed', await w.activityTask(id), { failure });
    return { answer, history: await after(w, id) };
  },
  'one of a type that is not retried': async (w) => {
    const id = await withActivity(w, { retryPolicy: { nonRetryableErrorTypes: ['Broken'] } });
    const failure = c.failure('broken');
    await respond(w, 'Failed', await w.activityTask(id), { failure });
    return { history: await after(w, id) };
  },
  'one that is retried until it is over': async (w) => {
    const retryPolicy = { initialInterval: { nanos: 1_000_000 }, maximumAttempts: 2 };
    const id = await withActivity(w, { retryPolicy });
    await respond(w, 'Failed', await w.activityTask(id), { failure: c.failure('first') });
    await respond(w, 'Failed', await w.activityTask(id), { failure: c.failure('second') });
    return { history: await after(w, id) };
  },
  'one that waits for its next attempt is described': async (w) => {
    const id = await withActivity(w, { retryPolicy: { initialInterval: { seconds: 600 } } });
    await respond(w, 'Failed', await w.activityTask(id), { failure: c.failure('first') });
    return { described: await w.describe(id) };
  },
  'one that says when to retry': async (w) => {
    const id = await withActivity(w, { retryPolicy: { initialInterval: { seconds: 600 } } });
    const failure = c.failure('soon', { nextRetryDelay: { nanos: 1_000_000 } });
    await respond(w, 'Failed', await w.activityTask(id), { failure });
    const task = await w.activityTask(id);
    const given = await w.outcomeOf(Promise.resolve(task));
    await respond(w, 'Completed', task);
    return { given, history: await after(w, id) };
  },
  'one whose heartbeat is handed on': async (w) => {
    const retryPolicy = { initialInterval: { nanos: 1_000_000 } };
    const id = await withActivity(w, { retryPolicy, heartbeatTimeout: { seconds: 60 } });
    const task = await w.activityTask(id);
    const beat = await heartbeat(w, task);
    const described = await w.describe(id);
    await respond(w, 'Failed', task, {
      failure: c.failure('again'),
      lastHeartbeatDetails: c.text('last words'),
    });
    const next = await w.activityTask(id);
    const given = await w.outcomeOf(Promise.resolve(next));
    await respond(w, 'Completed', next);
    return { beat, described, given, history: await after(w, id) };
  },
  'a timeout: start to close': (w) => timesOut(w, { startToCloseTimeout: { seconds: 1 } }, true),
  'a timeout: schedule to start': (w) =>
    timesOut(w, { scheduleToStartTimeout: { seconds: 1 } }, false),
  'a timeout: schedule to close, not taken': (w) =>
    timesOut(w, { scheduleToCloseTimeout: { seconds: 1 } }, false),
  'a timeout: schedule to close, taken': (w) =>
    timesOut(w, { scheduleToCloseTimeout: { seconds: 3 }, startToCloseTimeout: null }, true),
  'a timeout: heartbeat': async (w) => {
    const id = await withActivity(w, { ...ONCE, heartbeatTimeout: { seconds: 5 } });
    await heartbeat(w, await w.activityTask(id));
    return { history: await after(w, id) };
  },
  'a timeout and another attempt': async (w) => {
    const id = await withActivity(w, {
      startToCloseTimeout: { seconds: 4 },
      retryPolicy: { initialInterval: { nanos: 1_000_000 }, maximumAttempts: 2 },
    });
    const late = await w.activityTask(id);
    const next = await w.activityTask(id);
    const answer = await respond(w, 'Completed', late);
    const given = await w.outcomeOf(Promise.resolve(next));
    await respond(w, 'Completed', next);
    return { answer, given, history: await after(w, id) };
  },
  'retries that would be too late': async (w) => {
    const id = await withActivity(w, {
      scheduleToCloseTimeout: { seconds: 60 },
      retryPolicy: { initialInterval: { seconds: 600 } },
    });
    await respond(w, 'Failed', await w.activityTask(id), { failure: c.failure('first') });
    return { history: await after(w, id) };
  },
  'cancelled before it is taken': async (w) => {
    const id = await withActivity(w);
    await w.signal(id, 's');
    await w.step(id, c.cancelActivity(5));
    return { history: await after(w, id) };
  },
  'cancelled in the task that schedules it': async (w) => {
    const id = await w.startWith(c.activity(w.id('wf')), c.cancelActivity(5));
    return { history: await after(w, id) };
  },
  'cancelled, and its worker agrees': async (w) => {
    const [id, task] = await cancelledOne(w, { heartbeatTimeout: { seconds: 60 } });
    const beat = await heartbeat(w, task);
    const described = await w.describe(id);
    const answer = await respond(w, 'Canceled', task, { details: c.text('details') });
    return { beat, described, answer, history: await after(w, id) };
  },
  'cancelled, and completes all the same': async (w) => {
    const [id, task] = await cancelledOne(w);
    await respond(w, 'Completed', task, { result: c.text('result') });
    return { history: await after(w, id) };
  },
  'cancelled, and fails': async (w) => {
    const [id, task] = await cancelledOne(w);
    await respond(w, 'Failed', task, { failure: c.failure('failed') });
    return { history: await after(w, id) };
  },
  'cancelled, though nobody has asked for that': async (w) => {
    const id = await withActivity(w);
    const task = await w.activityTask(id);
    const answer = await respond(w, 'Canceled', task, { details: c.text('details') });
    await respond(w, 'Completed', task);
    return { answer, history: await after(w, id) };
  },
  'by id: completed': async (w) => {
    const id = await withActivity(w);
    const task = await w.activityTask(id);
    const answer = await byId(w, 'Completed', id, { result: c.text('result') });
    const late = await respond(w, 'Completed', task);
    return { answer, late, history: await after(w, id) };
  },
  'by id: completed before it is taken': async (w) => {
    const id = await withActivity(w);
    const answer = await byId(w, 'Completed', id, { result: c.text('result') });
    return { answer, history: await after(w, id) };
  },
  'by id: heartbeaten and failed': async (w) => {
    const id = await withActivity(w, ONCE);
    await w.activityTask(id);
    const beat = await w.ask('RecordActivityTaskHeartbeatById', {
      workflowId: id,
      activityId: '1',
      details: c.text('progress'),
    });
    const answer = await byId(w, 'Failed', id, { failure: c.failure('failed') });
    return { beat, answer, history: await after(w, id) };
  },
  'by id: cancelled': async (w) => {
    const [id] = await cancelledOne(w);
    const answer = await byId(w, 'Canceled', id, { details: c.text('details') });
    return { answer, history: await after(w, id) };
  },
  'by id: none of that id': async (w) => {
    const id = await withActivity(w);
    const other = { activityId: 'another' };
    return {
      completed: await byId(w, 'Completed', id, other),
      failed: await byId(w, 'Failed', id, other),
      cancelled: await byId(w, 'Canceled', id, other),
      heartbeat: await w.ask('RecordActivityTaskHeartbeatById', { workflowId: id, ...other }),
      nobody: await byId(w, 'Completed', w.id('nobody')),
      'no workflow id': await byId(w, 'Completed', ''),
      'no activity id': await byId(w, 'Completed', id, { activityId: '' }),
      'a run id that is none': await byId(w, 'Completed', id, { runId: 'x' }),
    };
  },
  'handed over eagerly': async (w) => {
    const id = await w.start();
    const task = await w.task(id);
    const command = c.activity(id, { requestEagerExecution: true });
    const answer = await w.answer(task, [command]);
    const [eager] = answer.activityTasks as ActivityTask[];
    const given = await w.outcomeOf(Promise.resolve(answer));
    await respond(w, 'Completed', eager ?? (await w.activityTask(id)));
    return { given, history: await after(w, id) };
  },
  'its run is terminated': async (w) => {
    const id = await withActivity(w, { heartbeatTimeout: { seconds: 60 } });
    const task = await w.activityTask(id);
    await w.terminate(id);
    return {
      beat: await heartbeat(w, task),
      completed: await respond(w, 'Completed', task),
      failed: await respond(w, 'Failed', task, { failure: c.failure('failed') }),
      history: await w.history(id),
    };
  },
  'timeouts are filled in': async (w) => {
    const id = await w.start('wf', { workflowRunTimeout: { seconds: 100 } });
    const command = c.activity('nobody-polls', {
      scheduleToCloseTimeout: { seconds: 300 },
      startToCloseTimeout: null,
      heartbeatTimeout: { seconds: 500 },
    });
    await w.step(id, command);
    return { history: await w.history(id) };
  },
  'a failure that is a timeout': async (w) => {
    const id = await withActivity(w, ONCE);
    const failure = {
      message: 'timeout',
      timeoutFailureInfo: { timeoutType: TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE },
    };
    const answer = await respond(w, 'Failed', await w.activityTask(id), { failure });
    return { answer, history: await w.history(id) };
  },
});
