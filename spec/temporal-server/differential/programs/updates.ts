/** Updates, whose worker is the program; and updates that start what they are for. */
import { enums } from '../../../../src/temporal-server/proto.js';
import {
  ACCEPTED,
  ADMITTED,
  accept,
  reject,
  respond,
  say,
  updateRequest,
} from '../../support/update-hand.js';
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

const { WorkflowIdConflictPolicy: Conflict, WorkflowIdReusePolicy: Reuse } = enums;

const UPDATE = 'UpdateWorkflowExecution';

const send = (w: World, id: string, updateId: string, more: object = {}): Promise<Plain> =>
  w.ask(UPDATE, updateRequest(id, updateId, more));

/** Until the server has it: its task may then be taken. */
async function admitted(w: World, id: string, updateId: string): Promise<void> {
  await w.until(
    () => w.ask('PollWorkflowExecutionUpdate', ref(id, updateId)),
    (seen) => !(seen as { error?: string }).error,
  );
}

const ref = (workflowId: string, updateId: string, more: object = {}) => ({
  updateRef: { workflowExecution: { workflowId }, updateId },
  ...more,
});

/** Takes the next task and answers it with these messages, each said by a command. */
async function stepWith(w: World, id: string, messages: { id: string }[], ...more: object[]) {
  const task = await w.task(id);
  await w.answer(task, [...messages.map(say), ...more], { messages });
}

function withStart(w: World, updateId: string, start: object = {}, update: object = {}) {
  const id = w.id('wf');
  const policy = Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING;
  const startWorkflow = {
    namespace: 'default',
    ...w.startRequest('wf', { workflowIdConflictPolicy: policy, ...start }),
  };
  const updateWorkflow = updateRequest(id, updateId, update);
  return w.ask('ExecuteMultiOperation', { operations: [{ startWorkflow }, { updateWorkflow }] });
}

export const updates = subject('updates', {
  'accepted and completed in one task': async (w) => {
    const id = await w.startWith();
    const sent = send(w, id, 'one');
    await stepWith(w, id, [accept('one'), respond('one', 'done')]);
    return { answer: await sent, history: await w.history(id) };
  },
  'accepted, and completed in a later task': async (w) => {
    const id = await w.startWith();
    const sent = send(w, id, 'one', { waitPolicy: { lifecycleStage: ACCEPTED } });
    await stepWith(w, id, [accept('one')], c.timer('1', 60));
    const first = await sent;
    await w.signal(id, 's');
    await stepWith(w, id, [respond('one', 'done')]);
    const polled = await w.ask('PollWorkflowExecutionUpdate', ref(id, 'one'));
    const second = await send(w, id, 'one');
    return { first, second, polled, history: await w.history(id) };
  },
  rejected: async (w) => {
    const id = await w.startWith();
    const sent = send(w, id, 'one');
    const task = await w.task(id);
    await w.answer(task, [], { messages: [reject('one', 'no')] });
    return { answer: await sent, history: await w.history(id) };
  },
  'the same id again, after its end': async (w) => {
    const id = await w.startWith();
    const sent = send(w, id, 'one');
    await stepWith(w, id, [accept('one'), respond('one', 'done')]);
    await sent;
    return { again: await send(w, id, 'one'), history: await w.eventTypes(id) };
  },
  'two in one task': async (w) => {
    const id = await w.start();
    const first = send(w, id, 'one');
    await admitted(w, id, 'one');
    const second = send(w, id, 'two');
    await admitted(w, id, 'two');
    await stepWith(w, id, [
      ...[accept('one'), respond('one', 'a')],
      ...[accept('two'), respond('two', 'b')],
    ]);
    return { first: await first, second: await second, history: await w.history(id) };
  },
  'the run closes before it is taken': async (w) => {
    const id = await w.start();
    const task = await w.task(id);
    const sent = send(w, id, 'one');
    await admitted(w, id, 'one');
    await w.answer(task, [c.complete()]);
    return { answer: await sent, history: await w.eventTypes(id) };
  },
  'the run closes after it was accepted': async (w) => {
    const id = await w.startWith();
    const sent = send(w, id, 'one');
    await stepWith(w, id, [accept('one')], c.complete());
    return { answer: await sent, history: await w.eventTypes(id) };
  },
  'the run goes on as new after it was accepted': async (w) => {
    const id = await w.startWith();
    const sent = send(w, id, 'one');
    await stepWith(w, id, [accept('one')], c.continueAsNew());
    return { answer: await sent };
  },
  'the run is terminated': async (w) => {
    const id = await w.startWith();
    const sent = send(w, id, 'one');
    await admitted(w, id, 'one');
    await w.terminate(id);
    return { answer: await sent, history: await w.eventTypes(id) };
  },
  'the poll of one that is not there': async (w) => {
    const id = await w.start();
    return {
      update: await w.ask('PollWorkflowExecutionUpdate', ref(id, 'none')),
      workflow: await w.ask('PollWorkflowExecutionUpdate', ref(w.id('nobody'), 'none')),
      nothing: await w.ask('PollWorkflowExecutionUpdate', {}),
    };
  },
  'an update that cannot be': async (w) => {
    const id = await w.start();
    const closed = await w.start('closed');
    await w.terminate(closed);
    const request = (more: object) => ({
      request: { meta: { updateId: 'u' }, input: { name: 'n' }, ...more },
    });
    return {
      nobody: await send(w, w.id('nobody'), 'one'),
      closed: await send(w, closed, 'one'),
      'no request': await send(w, id, 'one', { request: null }),
      'no input': await send(w, id, 'one', request({ input: null })),
      'no name': await send(w, id, 'one', request({ input: { name: '' } })),
      'no execution': await send(w, id, 'one', { workflowExecution: null }),
      'no workflow id': await send(w, '', 'one'),
      'a wait for admission': await send(w, id, 'one', {
        waitPolicy: { lifecycleStage: ADMITTED },
      }),
      'another first run': await send(w, id, 'one', {
        firstExecutionRunId: '01234567-89ab-4def-8123-456789abcdef',
      }),
    };
  },
  'messages that say nothing sensible': async (w) => {
    const id = await w.startWith();
    const sent = send(w, id, 'one');
    const task = await w.task(id);
    const answer = await w.outcomeOf(w.answer(task, [], { messages: [accept('another')] }));
    return { answer, sent: await sent, history: await w.history(id) };
  },
  'an answer that ignores it': async (w) => {
    const id = await w.startWith();
    const sent = send(w, id, 'one');
    await w.step(id);
    return { answer: await sent, history: await w.eventTypes(id) };
  },
  'update with start: nobody is there': async (w) => {
    const sent = withStart(w, 'one');
    await stepWith(w, w.id('wf'), [accept('one'), respond('one', 'done')]);
    return { answer: await sent, history: await w.history(w.id('wf')) };
  },
  'update with start: it runs': async (w) => {
    const id = await w.startWith();
    const sent = withStart(w, 'one');
    await stepWith(w, id, [accept('one'), respond('one', 'done')]);
    return { answer: await sent, history: await w.eventTypes(id) };
  },
  'update with start: it runs, and must not': async (w) => {
    await w.startWith();
    const policy = Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL;
    return { answer: await withStart(w, 'one', { workflowIdConflictPolicy: policy }) };
  },
  'update with start: it has closed, and duplicates are rejected': async (w) => {
    await w.startWith(c.complete());
    const policy = Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE;
    return { answer: await withStart(w, 'one', { workflowIdReusePolicy: policy }) };
  },
  'update with start: what cannot be': async (w) => {
    const start = { startWorkflow: { namespace: 'default', ...w.startRequest('wf') } };
    const update = { updateWorkflow: updateRequest(w.id('wf'), 'one') };
    const multi = (...operations: object[]) => w.ask('ExecuteMultiOperation', { operations });
    return {
      nothing: await multi(),
      one: await multi(start),
      reversed: await multi(update, start),
      'another id': await multi(
        { startWorkflow: { ...start.startWorkflow, workflowIdConflictPolicy: 2 } },
        { updateWorkflow: updateRequest(w.id('another'), 'one') },
      ),
      'a run id': await multi(
        { startWorkflow: { ...start.startWorkflow, workflowIdConflictPolicy: 2 } },
        {
          updateWorkflow: {
            ...update.updateWorkflow,
            workflowExecution: {
              workflowId: w.id('wf'),
              runId: '01234567-89ab-4def-8123-456789abcdef',
            },
          },
        },
      ),
      'a cron schedule': await withStart(w, 'one', { cronSchedule: '@every 1h' }),
      'an eager start': await withStart(w, 'one', { requestEagerExecution: true }),
      'no input of the update': await withStart(w, 'one', {}, { request: null }),
      'no type of the workflow': await withStart(w, 'one', { workflowType: null }),
    };
  },
});
