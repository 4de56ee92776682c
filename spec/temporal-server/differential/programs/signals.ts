/** Signals, and signals that start what they are for. */
import { enums } from '../../../../src/temporal-server/proto.js';
import * as c from '../commands.js';
import { subject } from '../program.js';
import type { World } from '../world.js';

const { WorkflowIdConflictPolicy: Conflict, WorkflowIdReusePolicy: Reuse } = enums;

const SIGNAL = 'SignalWorkflowExecution';
const WITH_START = 'SignalWithStartWorkflowExecution';

const withStart = (w: World, more: object = {}) =>
  w.startRequest('wf', { signalName: 's', signalInput: c.text('input'), ...more });

export const signals = subject('signals', {
  'a signal with all that it may carry': async (w) => {
    const id = await w.start();
    const answer = await w.ask(SIGNAL, {
      workflowExecution: { workflowId: id },
      signalName: 's',
      input: c.text('input'),
      identity: 'sender',
      header: { fields: { h: c.payload('header') } },
      requestId: w.id('request'),
    });
    return { answer, history: await w.history(id) };
  },
  'signals of one task are in order': async (w) => {
    const id = await w.startWith();
    for (const name of ['a', 'b', 'c']) await w.signal(id, name);
    await w.step(id, c.complete());
    return { history: await w.history(id) };
  },
  'signals that come during a task are after it': async (w) => {
    const id = await w.start();
    const task = await w.task(id);
    await w.signal(id, 'a');
    const during = await w.history(id);
    await w.answer(task, [c.timer('1', 60)]);
    return { during, history: await w.history(id) };
  },
  'a request id counts once': async (w) => {
    const id = await w.start();
    const requestId = w.id('request');
    await w.signal(id, 'a', { requestId });
    await w.signal(id, 'b', { requestId });
    return { history: await w.eventTypes(id) };
  },
  'a signal to nobody': async (w) => ({
    unknown: await w.outcomeOf(w.signal(w.id('nobody'), 's')),
  }),
  'a signal to a closed run': async (w) => {
    const id = await w.startWith(c.complete());
    return { answer: await w.outcomeOf(w.signal(id, 's')) };
  },
  'a signal to a run id that is not the current one': async (w) => {
    const id = await w.start();
    const runId = '01234567-89ab-4def-8123-456789abcdef';
    const request = { workflowExecution: { workflowId: id, runId }, signalName: 's' };
    return { answer: await w.ask(SIGNAL, request) };
  },
  'signal with start: nobody is there': async (w) => {
    const answer = await w.ask(WITH_START, withStart(w));
    return { answer, history: await w.history(w.id('wf')) };
  },
  'signal with start: it runs': async (w) => {
    const id = await w.startWith();
    const answer = await w.ask(WITH_START, withStart(w));
    return { answer, history: await w.history(id) };
  },
  'signal with start: it has closed': async (w) => {
    const id = await w.startWith(c.complete());
    const answer = await w.ask(WITH_START, withStart(w));
    return { answer, history: await w.eventTypes(id) };
  },
  'signal with start: it has closed, and duplicates are rejected': async (w) => {
    await w.startWith(c.complete());
    const policy = Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE;
    return { answer: await w.ask(WITH_START, withStart(w, { workflowIdReusePolicy: policy })) };
  },
  'signal with start: it runs, and is terminated': async (w) => {
    const id = await w.startWith();
    const policy = Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING;
    const answer = await w.ask(WITH_START, withStart(w, { workflowIdConflictPolicy: policy }));
    return { answer, history: await w.history(id) };
  },
  'signal with start: conflict policy fail': async (w) => {
    await w.startWith();
    const policy = Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL;
    return { answer: await w.ask(WITH_START, withStart(w, { workflowIdConflictPolicy: policy })) };
  },
  'signal with start: the same request id': async (w) => {
    const request = withStart(w);
    const first = await w.ask(WITH_START, request);
    const second = await w.ask(WITH_START, request);
    return { first, second, history: await w.eventTypes(w.id('wf')) };
  },
  'signal with start: with a delay': async (w) => {
    const answer = await w.ask(WITH_START, withStart(w, { workflowStartDelay: { seconds: 3600 } }));
    return { answer, history: await w.history(w.id('wf')) };
  },
  'signal with start: with everything': async (w) => {
    const more = {
      input: c.text('start input'),
      header: { fields: { h: c.payload('header') } },
      memo: { fields: { m: c.payload('memo') } },
      searchAttributes: { indexedFields: { Score: c.payload(7) } },
      workflowRunTimeout: { seconds: 600 },
      retryPolicy: { maximumAttempts: 2 },
      cronSchedule: '@every 1h',
      userMetadata: { summary: c.payload('summary') },
    };
    const answer = await w.ask(WITH_START, withStart(w, more));
    return { answer, history: await w.history(w.id('wf')) };
  },
});
