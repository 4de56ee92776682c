/** Starts: request ids, what may reuse an id, what is in conflict with a run that is there. */
import { enums } from '../../../../src/temporal-server/proto.js';
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

const { WorkflowIdConflictPolicy: Conflict, WorkflowIdReusePolicy: Reuse } = enums;

const START = 'StartWorkflowExecution';
const USE_EXISTING = {
  workflowIdConflictPolicy: Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
};

const linkTo = (w: World, name: string) => ({
  workflowEvent: {
    namespace: 'default',
    workflowId: w.id(name),
    runId: '11111111-2222-4333-8444-555555555555',
  },
});

/** Starts an id again after its first run has ended somehow. */
async function again(w: World, end: 'complete' | 'fail' | 'terminate', reuse: number) {
  const id = await w.start();
  if (end === 'terminate') await w.terminate(id);
  else await w.step(id, end === 'fail' ? c.fail() : c.complete());
  const answer = await w.ask(START, w.startRequest('wf', { workflowIdReusePolicy: reuse }));
  return { answer, now: await w.eventTypes(id) };
}

async function conflict(w: World, policy: number, more: object = {}) {
  const id = await w.start();
  const request = w.startRequest('wf', { workflowIdConflictPolicy: policy, ...more });
  const answer = await w.ask(START, request);
  return { answer, now: await w.history(id) };
}

export const starts = subject('starts', {
  'the least that a start says': async (w) => {
    const answer = await w.ask(START, w.startRequest('wf'));
    return { answer, history: await w.history(w.id('wf')) };
  },
  'all that a start may say': async (w) => {
    const answer = await w.ask(
      START,
      w.startRequest('wf', {
        input: c.text('input'),
        workflowExecutionTimeout: { seconds: 3600 },
        workflowRunTimeout: { seconds: 1800 },
        workflowTaskTimeout: { seconds: 7 },
        retryPolicy: { initialInterval: { seconds: 2 }, maximumAttempts: 5 },
        memo: { fields: { m: c.payload('memo') } },
        searchAttributes: { indexedFields: { Score: c.payload(7), Colour: c.payload('red') } },
        header: { fields: { h: c.payload('header') } },
        userMetadata: { summary: c.payload('summary'), details: c.payload('details') },
      }),
    );
    return { answer, history: await w.history(w.id('wf')) };
  },
  'timeouts longer than the whole are cut': async (w) => {
    const id = await w.start('wf', {
      workflowExecutionTimeout: { seconds: 100 },
      workflowRunTimeout: { seconds: 200 },
      workflowTaskTimeout: { seconds: 300 },
    });
    return { history: await w.history(id) };
  },
  'the same request id gets the same run': async (w) => {
    const request = w.startRequest('wf');
    const first = await w.ask(START, request);
    return { first, second: await w.ask(START, request) };
  },
  'the same request id after the end': async (w) => {
    const request = w.startRequest('wf');
    await w.call(START, request);
    await w.step(request.workflowId, c.complete());
    return { second: await w.ask(START, request) };
  },
  'an id that runs is refused': async (w) => {
    await w.start();
    return { second: await w.ask(START, w.startRequest('wf')) };
  },
  'an eager start comes with its task': async (w) => {
    const request = w.startRequest('wf', { requestEagerExecution: true });
    const answer = await w.ask(START, request);
    return { answer, history: await w.history(request.workflowId) };
  },
  'an eager start whose answer was lost is asked for again': async (w) => {
    const request = w.startRequest('wf', { requestEagerExecution: true });
    await w.call(START, request);
    return { second: await w.ask(START, request) };
  },
  'an eager start with a delay comes without a task': async (w) => {
    const workflowStartDelay = { seconds: 60 };
    const request = w.startRequest('wf', { requestEagerExecution: true, workflowStartDelay });
    return { answer: await w.ask(START, request), history: await w.history(request.workflowId) };
  },
  'an eager start beside one that runs': async (w) => {
    await w.start();
    const workflowIdConflictPolicy = Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING;
    const also = { requestEagerExecution: true, workflowIdConflictPolicy };
    return { second: await w.ask(START, w.startRequest('wf', also)) };
  },
  'reuse: allow duplicate, after completion': (w) =>
    again(w, 'complete', Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE),
  'reuse: allow duplicate failed only, after completion': (w) =>
    again(w, 'complete', Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY),
  'reuse: allow duplicate failed only, after failure': (w) =>
    again(w, 'fail', Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY),
  'reuse: allow duplicate failed only, after termination': (w) =>
    again(w, 'terminate', Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY),
  'reuse: reject duplicate': (w) =>
    again(w, 'fail', Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE),
  'reuse: terminate if running': async (w) => {
    const id = await w.start();
    const [first] = await w.events(id);
    const runId = first?.workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? '';
    const policy = Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING;
    const answer = await w.ask(START, w.startRequest('wf', { workflowIdReusePolicy: policy }));
    return { answer, before: await w.history(id, runId), now: await w.history(id) };
  },
  'conflict: fail': (w) => conflict(w, Conflict.WORKFLOW_ID_CONFLICT_POLICY_FAIL),
  'conflict: use existing': (w) => conflict(w, Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING),
  'conflict: use existing, and leave word there': (w) =>
    conflict(w, Conflict.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, {
      onConflictOptions: {
        attachRequestId: true,
        attachCompletionCallbacks: true,
        attachLinks: true,
      },
    }),
  'conflict: use existing, and repeat what left word there': async (w) => {
    const id = await w.start();
    const request = w.startRequest('wf', {
      ...USE_EXISTING,
      links: [linkTo(w, 'another')],
      onConflictOptions: { attachRequestId: true, attachLinks: true },
    });
    const first = await w.ask(START, request);
    return {
      first,
      second: await w.ask(START, request),
      'as a plain start': await w.ask(START, { ...request, workflowIdConflictPolicy: 0 }),
      'another request': await w.ask(START, { ...request, requestId: w.id('request-other') }),
      described: await w.describe(id),
      now: await w.history(id),
    };
  },
  'conflict: use existing, and leave word while a task is out': async (w) => {
    const id = await w.start();
    const task = await w.task(id);
    const request = w.startRequest('wf', {
      ...USE_EXISTING,
      links: [linkTo(w, 'another')],
      onConflictOptions: { attachRequestId: true, attachLinks: true },
    });
    const answer = await w.ask(START, request);
    const buffered = await w.describe(id);
    const again = await w.ask(START, request);
    await w.answer(task);
    return { answer, again, buffered, described: await w.describe(id), now: await w.history(id) };
  },
  'conflict: use existing, and leave little word there': async (w) => {
    const out: { [name: string]: Plain } = {};
    for (const [name, onConflictOptions] of Object.entries({
      nothing: {},
      'its request id': { attachRequestId: true },
      'its links': { attachLinks: true },
      'callbacks alone': { attachCompletionCallbacks: true },
    })) {
      const request = w.startRequest('wf', {
        ...USE_EXISTING,
        links: [linkTo(w, name)],
        onConflictOptions,
      });
      out[name] = await w.ask(START, request);
    }
    return { ...out, now: await w.history(w.id('wf')) };
  },
  'conflict: word left with a run that closes': async (w) => {
    const id = await w.start();
    const request = w.startRequest('wf', {
      ...USE_EXISTING,
      onConflictOptions: { attachRequestId: true },
    });
    await w.ask(START, request);
    await w.terminate(id);
    const again = await w.ask(START, request);
    return { again, now: await w.history(id) };
  },
  'links of signals, cancellations and ends': async (w) => {
    const id = await w.start();
    const links = [linkTo(w, 'another'), { batchJob: { jobId: 'job' } }];
    await w.signal(id, 's', { links });
    const workflowExecution = { workflowId: id };
    await w.call('RequestCancelWorkflowExecution', { workflowExecution, links });
    await w.call('TerminateWorkflowExecution', { workflowExecution, links });
    return { now: await w.history(id) };
  },
  'links and callbacks that cannot be': async (w) => {
    const ask = (more: object) => w.ask(START, w.startRequest('wf', more));
    const link = linkTo(w, 'another');
    const to = (more: object) => ({
      links: [{ workflowEvent: { ...link.workflowEvent, ...more } }],
    });
    const url = (text: string) => ({ completionCallbacks: [{ nexus: { url: text } }] });
    return {
      'too many links': await ask({ links: Array.from({ length: 11 }, () => link) }),
      'a long link': await ask(to({ workflowId: 'x'.repeat(4100) })),
      'no namespace': await ask(to({ namespace: '' })),
      'no workflow id': await ask(to({ workflowId: '' })),
      'no run id': await ask(to({ runId: '' })),
      'no event type': await ask(to({ eventRef: { eventId: 3 } })),
      'no job': await ask({ links: [{ batchJob: { jobId: '' } }] }),
      nothing: await ask({ links: [{}] }),
      'signalled: nothing': await w.ask('SignalWorkflowExecution', {
        workflowExecution: { workflowId: w.id('wf') },
        signalName: 's',
        links: [{}],
      }),
      'callbacks: to somebody': await ask(url('http://localhost:1/callback')),
      'callbacks: by another way': await ask(url('ftp://localhost/callback')),
      'callbacks: a long way': await ask(url(`http://localhost/${'x'.repeat(1000)}`)),
      'callbacks: of no kind': await ask({ completionCallbacks: [{}] }),
      'callbacks: too many': await ask({
        completionCallbacks: Array.from({ length: 33 }, () => ({ nexus: { url: 'http://a' } })),
      }),
    };
  },
  'conflict: terminate existing': async (w) => {
    const id = await w.start();
    const task = await w.task(id);
    const policy = Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING;
    const answer = await w.ask(START, w.startRequest('wf', { workflowIdConflictPolicy: policy }));
    const before = await w.history(id, task.workflowExecution.runId);
    return { answer, before, now: await w.history(id) };
  },
  'conflict: terminate existing and reuse together': async (w) => ({
    answer: await w.ask(
      START,
      w.startRequest('wf', {
        workflowIdConflictPolicy: Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
        workflowIdReusePolicy: Reuse.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING,
      }),
    ),
  }),
  'conflict: terminate existing, but no reuse': async (w) => ({
    answer: await w.ask(
      START,
      w.startRequest('wf', {
        workflowIdConflictPolicy: Conflict.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
        workflowIdReusePolicy: Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
      }),
    ),
  }),
  'a start delay holds the first task back': async (w) => {
    const id = await w.start('wf', { workflowStartDelay: { seconds: 3 } });
    const before = await w.history(id);
    await w.step(id, c.complete());
    return { before, after: await w.closedHistory(id) };
  },
  'a signal in the start delay': async (w) => {
    const id = await w.start('wf', { workflowStartDelay: { seconds: 3600 } });
    await w.signal(id, 's');
    return { history: await w.history(id) };
  },
  'termination in the start delay': async (w) => {
    const id = await w.start('wf', { workflowStartDelay: { seconds: 3600 } });
    await w.terminate(id, 'enough');
    return { history: await w.history(id) };
  },
  'cancellation in the start delay': async (w) => {
    const id = await w.start('wf', { workflowStartDelay: { seconds: 3600 } });
    const answer = await w.ask('RequestCancelWorkflowExecution', {
      workflowExecution: { workflowId: id },
    });
    return { answer, history: await w.history(id) };
  },
});
