/** Requests that cannot be, call by call. */
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

type Bad = { readonly [name: string]: object };

/** The answers to a call with each of these instead of what is right. */
async function each(
  w: World,
  method: string,
  right: () => object,
  all: Bad,
): Promise<{ [name: string]: Plain }> {
  const out: { [name: string]: Plain } = {};
  for (const [name, bad] of Object.entries(all))
    out[name] = await w.ask(method, { ...right(), ...bad });
  return out;
}

const LONG = 'x'.repeat(1001);

const STARTS: Bad = {
  'no workflow id': { workflowId: '' },
  'a long workflow id': { workflowId: LONG },
  'no type': { workflowType: null },
  'an empty type': { workflowType: { name: '' } },
  'a long type': { workflowType: { name: LONG } },
  'no queue': { taskQueue: null },
  'an empty queue': { taskQueue: { name: '' } },
  'a long queue': { taskQueue: { name: LONG } },
  'a queue of the server': { taskQueue: { name: '/_sys/q/1' } },
  'a long request id': { requestId: LONG },
  'a negative execution timeout': { workflowExecutionTimeout: { seconds: -1 } },
  'a negative run timeout': { workflowRunTimeout: { seconds: -1 } },
  'a negative task timeout': { workflowTaskTimeout: { seconds: -1 } },
  'a negative delay': { workflowStartDelay: { seconds: -1 } },
  'a bad cron schedule': { cronSchedule: 'never' },
  'a cron schedule and a delay': {
    cronSchedule: '@daily',
    workflowStartDelay: { seconds: 1 },
  },
  'negative attempts': { retryPolicy: { maximumAttempts: -1 } },
  'a coefficient below one': { retryPolicy: { backoffCoefficient: 0.5 } },
  'a negative interval': { retryPolicy: { initialInterval: { seconds: -1 } } },
  'a negative maximum': { retryPolicy: { maximumInterval: { seconds: -1 } } },
  'a maximum below the first': {
    retryPolicy: { initialInterval: { seconds: 5 }, maximumInterval: { seconds: 1 } },
  },
  'a timeout type that is none': {
    retryPolicy: { nonRetryableErrorTypes: ['TemporalTimeout:nothing'] },
  },
  'a large input': { input: { payloads: [{ data: Buffer.alloc(2_200_000) }] } },
  'a large memo': { memo: { fields: { m: { data: Buffer.alloc(2_200_000) } } } },
  'an unknown search attribute': { searchAttributes: { indexedFields: { No: c.payload(1) } } },
};

export const requests = subject('requests', {
  starts: (w) => each(w, 'StartWorkflowExecution', () => w.startRequest('wf'), STARTS),
  'signals with start': (w) =>
    each(w, 'SignalWithStartWorkflowExecution', () => w.startRequest('wf', { signalName: 's' }), {
      ...STARTS,
      'no signal name': { signalName: '' },
      'a long signal name': { signalName: LONG },
    }),
  signals: async (w) => {
    const workflowId = await w.start();
    const right = () => ({ workflowExecution: { workflowId }, signalName: 's' });
    return each(w, 'SignalWorkflowExecution', right, {
      'no execution': { workflowExecution: null },
      'no workflow id': { workflowExecution: {} },
      'a run id that is none': { workflowExecution: { workflowId, runId: 'x' } },
      'no name': { signalName: '' },
      'a long name': { signalName: LONG },
      'a long request id': { requestId: LONG },
      'a large input': { input: { payloads: [{ data: Buffer.alloc(2_200_000) }] } },
    });
  },
  'answers to activities': async (w) => {
    const out: { [name: string]: Plain } = {};
    for (const method of [
      'RespondActivityTaskCompleted',
      'RespondActivityTaskFailed',
      'RespondActivityTaskCanceled',
      'RecordActivityTaskHeartbeat',
    ])
      out[method] = {
        'no token': await w.ask(method, {}),
        'a token that is none': await w.ask(method, { taskToken: Buffer.from('token') }),
      };
    return out;
  },
  'executions that are none': async (w) => {
    const out: { [name: string]: Plain } = {};
    const calls: [string, string][] = [
      ['DescribeWorkflowExecution', 'execution'],
      ['GetWorkflowExecutionHistory', 'execution'],
      ['GetWorkflowExecutionHistoryReverse', 'execution'],
      ['ResetWorkflowExecution', 'workflowExecution'],
      ['TerminateWorkflowExecution', 'workflowExecution'],
      ['RequestCancelWorkflowExecution', 'workflowExecution'],
      ['DeleteWorkflowExecution', 'workflowExecution'],
      ['UpdateWorkflowExecution', 'workflowExecution'],
    ];
    for (const [method, field] of calls)
      out[method] = await each(w, method, () => ({ requestId: 'r' }), {
        none: { [field]: null },
        'no workflow id': { [field]: {} },
        'a run id that is none': { [field]: { workflowId: 'x', runId: 'x' } },
        'a long workflow id': { [field]: { workflowId: LONG } },
      });
    return out;
  },
});
