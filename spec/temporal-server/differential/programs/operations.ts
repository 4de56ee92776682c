/** Operations on activities: pause, unpause, reset, other options. */
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

const withActivity = (w: World, more: object = {}): Promise<string> =>
  w.startWith(c.activity(w.id('wf'), { heartbeatTimeout: { seconds: 60 }, ...more }));

const call = (w: World, method: string, id: string, more: object): Promise<Plain> =>
  w.ask(method, { execution: { workflowId: id }, identity: 'operator', ...more });

async function pending(w: World, id: string): Promise<Plain> {
  const described = (await w.describe(id)) as { pendingActivities?: Plain };
  return described.pendingActivities ?? null;
}

const beat = (w: World, task: { taskToken: Uint8Array }): Promise<Plain> =>
  w.ask('RecordActivityTaskHeartbeat', { taskToken: task.taskToken, details: c.text('progress') });

export const operations = subject('activity operations', {
  'one that waits is paused and unpaused': async (w) => {
    const id = await withActivity(w);
    const paused = await call(w, 'PauseActivity', id, { id: '1', reason: 'not now' });
    const meanwhile = await pending(w, id);
    const unpaused = await call(w, 'UnpauseActivity', id, { id: '1' });
    const task = await w.activityTask(id);
    await w.ask('RespondActivityTaskCompleted', { taskToken: task.taskToken });
    await w.step(id, c.complete());
    return { paused, meanwhile, unpaused, history: await w.history(id) };
  },
  'one that is taken is paused': async (w) => {
    const id = await withActivity(w);
    const task = await w.activityTask(id);
    await call(w, 'PauseActivity', id, { type: 'a' });
    const told = await beat(w, task);
    return { told, pending: await pending(w, id) };
  },
  'one that is paused fails': async (w) => {
    const id = await withActivity(w);
    const task = await w.activityTask(id);
    await call(w, 'PauseActivity', id, { id: '1' });
    const { taskToken } = task;
    await w.ask('RespondActivityTaskFailed', { taskToken, failure: c.failure('failed') });
    const held = await pending(w, id);
    await call(w, 'UnpauseActivity', id, { id: '1', resetAttempts: true, resetHeartbeat: true });
    const next = await w.activityTask(id);
    return { held, next: await w.outcomeOf(Promise.resolve(next)) };
  },
  'paused twice, unpaused twice': async (w) => {
    const id = await withActivity(w);
    return {
      paused: await call(w, 'PauseActivity', id, { id: '1', reason: 'first' }),
      again: await call(w, 'PauseActivity', id, { id: '1', reason: 'second' }),
      pending: await pending(w, id),
      unpaused: await call(w, 'UnpauseActivity', id, { id: '1' }),
      'unpaused again': await call(w, 'UnpauseActivity', id, { id: '1' }),
    };
  },
  'one that waits for its next attempt is reset': async (w) => {
    const id = await withActivity(w, { retryPolicy: { initialInterval: { seconds: 3600 } } });
    const { taskToken } = await w.activityTask(id);
    await w.ask('RespondActivityTaskFailed', { taskToken, failure: c.failure('failed') });
    const answer = await call(w, 'ResetActivity', id, { id: '1' });
    const next = await w.activityTask(id);
    return { answer, next: await w.outcomeOf(Promise.resolve(next)) };
  },
  'one that is taken is reset': async (w) => {
    const id = await withActivity(w);
    const task = await w.activityTask(id);
    const answer = await call(w, 'ResetActivity', id, { type: 'a', resetHeartbeat: true });
    return { answer, told: await beat(w, task), pending: await pending(w, id) };
  },
  'reset, and kept paused': async (w) => {
    const id = await withActivity(w);
    await call(w, 'PauseActivity', id, { id: '1' });
    const kept = await call(w, 'ResetActivity', id, { id: '1', keepPaused: true });
    const still = await pending(w, id);
    await call(w, 'ResetActivity', id, { id: '1' });
    return { kept, still, pending: await pending(w, id) };
  },
  'other options': async (w) => {
    const id = await withActivity(w);
    const answer = await call(w, 'UpdateActivityOptions', id, {
      id: '1',
      activityOptions: {
        taskQueue: { name: w.id('elsewhere') },
        scheduleToCloseTimeout: { seconds: 700 },
        startToCloseTimeout: { seconds: 70 },
        heartbeatTimeout: { seconds: 7 },
        retryPolicy: { maximumAttempts: 3, initialInterval: { seconds: 2 } },
      },
      updateMask: {
        paths: [
          'task_queue.name',
          'schedule_to_close_timeout',
          'start_to_close_timeout',
          'heartbeat_timeout',
          'retry_policy.maximum_attempts',
          'retry_policy.initial_interval',
        ],
      },
    });
    const changed = await pending(w, id);
    const restored = await call(w, 'UpdateActivityOptions', id, { id: '1', restoreOriginal: true });
    return { answer, changed, restored };
  },
  'what cannot be': async (w) => {
    const id = await withActivity(w);
    const closed = await w.start('closed');
    await w.terminate(closed);
    const answers: { [name: string]: Plain } = {};
    for (const method of [
      'PauseActivity',
      'UnpauseActivity',
      'ResetActivity',
      'UpdateActivityOptions',
    ]) {
      const options = { activityOptions: {}, updateMask: { paths: ['start_to_close_timeout'] } };
      const more = method === 'UpdateActivityOptions' ? options : {};
      answers[method] = {
        'another id': await call(w, method, id, { id: 'x', ...more }),
        'another type': await call(w, method, id, { type: 'x', ...more }),
        'neither id nor type': await call(w, method, id, more),
        'a closed run': await call(w, method, closed, { id: '1', ...more }),
        nobody: await call(w, method, w.id('nobody'), { id: '1', ...more }),
        'no execution': await w.ask(method, { id: '1', ...more }),
      };
    }
    return answers;
  },
  'options that cannot be': async (w) => {
    const id = await withActivity(w);
    const update = (more: object) => call(w, 'UpdateActivityOptions', id, { id: '1', ...more });
    return {
      'no mask': await update({ activityOptions: {} }),
      'no options': await update({ updateMask: { paths: ['start_to_close_timeout'] } }),
      'an unknown path': await update({ activityOptions: {}, updateMask: { paths: ['nothing'] } }),
      'restore and change': await update({ restoreOriginal: true, updateMask: { paths: ['x'] } }),
      'a negative timeout': await update({
        activityOptions: { startToCloseTimeout: { seconds: -1 } },
        updateMask: { paths: ['start_to_close_timeout'] },
      }),
      'no queue': await update({
        activityOptions: {},
        updateMask: { paths: ['task_queue.name'] },
      }),
    };
  },
});
