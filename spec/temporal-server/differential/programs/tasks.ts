/** Workflow tasks that go wrong: commands that cannot be, failures, answers too late. */
import { enums } from '../../../../src/temporal-server/proto.js';
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

const { WorkflowTaskFailedCause: Cause, CommandType } = enums;

/** What a first task is answered when it brings these commands, and what is written of it. */
async function refused(w: World, ...commands: object[]): Promise<{ [name: string]: Plain }> {
  const id = await w.start();
  const answer = await w.outcomeOf(w.answer(await w.task(id), commands));
  return { answer, history: (await w.history(id)) as Plain };
}

/** Each in a run of its own: what the answer was, and the last event. */
async function each(
  w: World,
  all: { readonly [name: string]: readonly object[] },
): Promise<{ [name: string]: Plain }> {
  const out: { [name: string]: Plain } = {};
  let count = 0;
  for (const [name, commands] of Object.entries(all)) {
    count += 1;
    const id = await w.start(`wf-${count}`);
    const answer = await w.outcomeOf(w.answer(await w.task(id), commands));
    const events = (await w.history(id)) as readonly Plain[];
    out[name] = { answer, events: events.slice(3) };
  }
  return out;
}

const type = (name: keyof typeof CommandType) => ({ commandType: CommandType[name] });

export const tasks = subject('workflow tasks', {
  'an unknown timer is cancelled': (w) => refused(w, c.cancelTimer('none')),
  'a timer id is used twice': (w) => refused(w, c.timer('1', 60), c.timer('1', 60)),
  'an activity id is used twice': (w) => refused(w, c.activity('q'), c.activity('q')),
  'an unknown activity is cancelled': (w) => refused(w, c.cancelActivity(99)),
  'a search attribute that is not there': (w) =>
    refused(w, c.upsertAttributes({ Nowhere: c.payload('x') })),
  'a search attribute of another type': (w) =>
    refused(w, c.upsertAttributes({ Score: c.payload('x') })),
  'timers that cannot be': (w) =>
    each(w, {
      'no id': [c.timer('', 60)],
      'a negative time': [c.timer('1', -1)],
      'no attributes': [type('COMMAND_TYPE_START_TIMER')],
      'a cancellation without an id': [c.cancelTimer('')],
    }),
  'activities that cannot be': (w) =>
    each(w, {
      'no id': [c.activity('q', { activityId: '' })],
      'no type': [c.activity('q', { activityType: null })],
      'no timeout': [c.activity('q', { startToCloseTimeout: null })],
      'a negative timeout': [c.activity('q', { startToCloseTimeout: { seconds: -1 } })],
      'a queue of the server': [c.activity('/_sys/q')],
      'no queue': [c.activity('', { taskQueue: null })],
      'a queue without a name': [c.activity('')],
      'nothing at all': [c.activity('', { activityId: '', activityType: null, taskQueue: null })],
      'an id and nothing else': [
        c.activity('', { activityType: null, taskQueue: null, startToCloseTimeout: null }),
      ],
      'a bad retry policy': [c.activity('q', { retryPolicy: { backoffCoefficient: 0.5 } })],
      'a long type': [c.activity('q', { activityType: { name: 'x'.repeat(1001) } })],
      'no attributes': [type('COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK')],
    }),
  'children that cannot be': (w) =>
    each(w, {
      'no id': [c.child('')],
      'no type': [c.child(w.id('c'), { workflowType: null })],
      'a negative timeout': [c.child(w.id('c'), { workflowRunTimeout: { seconds: -1 } })],
      'a queue of the server': [c.child(w.id('c'), { taskQueue: { name: '/_sys/q' } })],
      'a bad cron schedule': [c.child(w.id('c'), { cronSchedule: 'never' })],
      'a bad retry policy': [c.child(w.id('c'), { retryPolicy: { maximumAttempts: -1 } })],
      'a search attribute that is not there': [
        c.child(w.id('c'), { searchAttributes: { indexedFields: { Nowhere: c.payload(1) } } }),
      ],
    }),
  'signals and cancellations that cannot be': (w) =>
    each(w, {
      'a signal without a name': [c.signalExternal(w.id('x'), { signalName: '' })],
      'a signal to nobody in particular': [c.signalExternal('')],
      'a signal to a run id that is none': [
        c.signalExternal('', { execution: { workflowId: w.id('x'), runId: 'x' } }),
      ],
      'a cancellation of nobody in particular': [c.cancelExternal('')],
      'a cancellation of a run id that is none': [c.cancelExternal(w.id('x'), { runId: 'x' })],
    }),
  'ends that cannot be': (w) =>
    each(w, {
      'a failure that is none': [
        { ...c.fail(), failWorkflowExecutionCommandAttributes: { failure: null } },
      ],
      'a new run without a type': [c.continueAsNew({ workflowType: null })],
      'commands after the end': [c.complete(), c.timer('1', 60)],
      'two ends': [c.complete(), c.fail()],
      'no attributes': [type('COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION')],
      'a command without a type': [{}],
    }),
  'markers and properties that cannot be': (w) =>
    each(w, {
      'a marker without a name': [c.marker('')],
      'no attributes': [type('COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES')],
      'no properties': [type('COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES')],
      'empty attributes': [c.upsertAttributes({})],
    }),
  'a marker': async (w) => {
    const marker = c.marker('m', {
      header: { fields: { h: c.payload('header') } },
      failure: c.failure('failed'),
    });
    const id = await w.startWith(marker);
    return { history: await w.history(id) };
  },
  'a command with user metadata': async (w) => {
    const userMetadata = { summary: c.payload('summary'), details: c.payload('details') };
    const id = await w.startWith(
      { ...c.timer('1', 60), userMetadata },
      { ...c.activity('nobody-polls'), userMetadata },
    );
    return { history: await w.history(id), described: await w.describe(id) };
  },
  'failed by its worker': async (w) => {
    const id = await w.start();
    const { taskToken } = await w.task(id);
    const answer = await w.ask('RespondWorkflowTaskFailed', {
      taskToken,
      cause: Cause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR,
      failure: c.failure('diverged'),
      identity: 'worker',
    });
    const again = await w.task(id);
    const given = await w.outcomeOf(Promise.resolve(again));
    const second = await w.ask('RespondWorkflowTaskFailed', {
      taskToken: again.taskToken,
      failure: c.failure('again'),
    });
    return { answer, given, second, history: await w.history(id) };
  },
  'failed, and then it goes well': async (w) => {
    const id = await w.start();
    const { taskToken } = await w.task(id);
    await w.call('RespondWorkflowTaskFailed', { taskToken, failure: c.failure('once') });
    await w.step(id, c.complete());
    return { history: await w.history(id) };
  },
  'a signal came, and the end is not accepted': async (w) => {
    const id = await w.start();
    const task = await w.task(id);
    await w.signal(id, 's');
    const answer = await w.outcomeOf(w.answer(task, [c.complete()]));
    const next = await w.task(id);
    const given = await w.outcomeOf(Promise.resolve(next));
    await w.answer(next, [c.complete()]);
    return { answer, given, history: await w.history(id) };
  },
  'answered twice, or by nobody': async (w) => {
    const id = await w.start();
    const task = await w.task(id);
    await w.answer(task);
    return {
      twice: await w.outcomeOf(w.answer(task)),
      failed: await w.ask('RespondWorkflowTaskFailed', { taskToken: task.taskToken }),
      'no token': await w.ask('RespondWorkflowTaskCompleted', {}),
      'a token that is none': await w.ask('RespondWorkflowTaskCompleted', {
        taskToken: Buffer.from('token'),
      }),
    };
  },
  'a first task, as it is given': async (w) => {
    const id = await w.start('wf', { input: c.text('input') });
    return { given: await w.outcomeOf(w.task(id)) };
  },
});
