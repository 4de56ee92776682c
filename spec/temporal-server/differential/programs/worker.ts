/** The official client and a real worker: what programs of users do, with the histories they leave. */
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

async function whole(w: World, type: string, args: unknown[] = [], more: object = {}) {
  return w.sdkOutcome(await w.run(type, args, more));
}

/** Waits until a task of the run has been completed: its handlers are there then. */
const ready = (w: World, id: string) =>
  w.until(
    () => w.events(id),
    (events) => events.some((event) => event.workflowTaskCompletedEventAttributes),
  );

/** Waits until a parent has completed its task about the start of a child. */
const startTaken = (w: World, parent: string, child: string) =>
  w.until(
    () => w.events(parent),
    (events) => {
      const start = events.findIndex(
        ({ childWorkflowExecutionStartedEventAttributes: started }) =>
          started?.workflowExecution?.workflowId === child,
      );
      const after = start < 0 ? [] : events.slice(start);
      return after.some((event) => event.workflowTaskCompletedEventAttributes);
    },
  );

export const worker = subject('a real worker', {
  'a timer and an activity': (w) => whole(w, 'hello', ['you']),
  'signals, queries and updates': async (w) => {
    const handle = await w.run('collector');
    await ready(w, handle.workflowId);
    await handle.signal('add', 'a');
    const first = await w.attempt(handle.query('items'));
    const updated = await w.attempt(
      handle.executeUpdate('put', { args: ['b'], updateId: w.id('update') }),
    );
    const refused = await w.attempt(handle.executeUpdate('put', { args: [''] }));
    const unknown = await w.attempt(handle.query('nothing'));
    const unheard = await w.attempt(handle.executeUpdate('nothing', { args: [] }));
    await handle.signal('finish');
    const { result } = await w.sdkOutcome(handle);
    const after = await w.attempt(handle.query('items'));
    const late = await w.attempt(handle.executeUpdate('put', { args: ['c'] }));
    const signal = await w.attempt(handle.signal('add', 'c'));
    return { first, updated, refused, unknown, unheard, result, after, late, signal };
  },
  'a signal with start': async (w) => {
    const handle = await w.side.sdk.workflow.signalWithStart('collector', {
      taskQueue: w.side.workerQueue,
      workflowId: w.id('wf'),
      signal: 'finish',
      signalArgs: [],
      memo: { a: 1 },
    });
    return w.sdkOutcome(handle);
  },
  'an activity that is retried': (w) => whole(w, 'retried'),
  'an activity that gives up': (w) => whole(w, 'exhausted'),
  'an activity that fails for good': (w) => whole(w, 'hopeless'),
  'an activity that goes on from its heartbeat': (w) => whole(w, 'resumes'),
  'an activity times out: start to close': (w) => whole(w, 'timesOut', ['startToClose']),
  'an activity times out: schedule to start': (w) => whole(w, 'timesOut', ['scheduleToStart']),
  'an activity times out: heartbeat': (w) => whole(w, 'timesOut', ['heartbeat']),
  'an activity times out: schedule to close': (w) => whole(w, 'timesOut', ['scheduleToClose']),
  'an activity is cancelled with its workflow': async (w) => {
    const handle = await w.run('cancelsActivity');
    await w.until(
      async () => (await handle.describe()).raw.pendingActivities ?? [],
      ([activity]) => activity?.lastStartedTime !== null && activity !== undefined,
    );
    await handle.cancel();
    return w.sdkOutcome(handle);
  },
  'a cancelled workflow that cleans up': async (w) => {
    const handle = await w.run('cancellable');
    await ready(w, handle.workflowId);
    await handle.cancel();
    return w.sdkOutcome(handle);
  },
  'a terminated workflow': async (w) => {
    const handle = await w.run('collector');
    await ready(w, handle.workflowId);
    await handle.terminate('enough');
    return w.sdkOutcome(handle);
  },
  'local activities': (w) => whole(w, 'local'),
  'version markers': (w) => whole(w, 'versions'),
  'memo and search attributes': async (w) => {
    const handle = await w.run('attributes', [], { memo: { first: 1, kept: true } });
    const outcome = await w.sdkOutcome(handle);
    const { memo, searchAttributes, status } = await handle.describe();
    return { ...outcome, described: w.masked({ memo, searchAttributes, status }) };
  },
  'a chain of runs': (w) => whole(w, 'countdown', [2]),
  'a workflow that is retried': (w) =>
    whole(w, 'retriedWorkflow', [], { retry: { initialInterval: '1s', maximumAttempts: 3 } }),
  'a workflow that fails': (w) => whole(w, 'broken', ['no use']),
  'a workflow that times out': (w) => whole(w, 'collector', [], { workflowExecutionTimeout: '6s' }),
  children: async (w) => {
    const handle = await w.run('parent');
    for (const child of ['works', 'fails']) {
      const id = `${handle.workflowId}/${child}`;
      await startTaken(w, handle.workflowId, id);
      await w.side.sdk.workflow.getHandle(id).signal('finish');
    }
    return w.sdkOutcome(handle);
  },
  'other workflows from within one': async (w) => {
    const target = await w.run('cancellable', [], { workflowId: w.id('target') });
    await ready(w, target.workflowId);
    const { result } = await whole(w, 'meddler', [target.workflowId, w.id('nobody')]);
    return { result, target: await w.attempt(target.result()) };
  },
  'a timer is cancelled': (w) => whole(w, 'sideEffects'),
  'errors of the client': async (w) => {
    const handle = await w.run('collector');
    const { workflow, schedule } = w.side.sdk;
    const nobody = workflow.getHandle(w.id('nobody'));
    const answers: { [name: string]: Plain } = {
      'started twice': await w.attempt(w.run('collector')),
      'no result': await w.attempt(nobody.result()),
      'no description': await w.attempt(nobody.describe()),
      'no signal': await w.attempt(nobody.signal('s')),
      'no query': await w.attempt(nobody.query('q')),
      'no cancellation': await w.attempt(nobody.cancel()),
      'no schedule': await w.attempt(schedule.getHandle(w.id('schedule')).describe()),
    };
    await handle.terminate();
    return answers;
  },
});
