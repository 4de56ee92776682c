/** Task queues, namespaces and the cluster. */
import { enums } from '../../../../src/temporal-server/proto.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

const { TaskQueueType: Type } = enums;

const queue = (w: World, more: object = {}): Promise<Plain> =>
  w.ask('DescribeTaskQueue', { taskQueue: { name: w.id('wf') }, ...more });

const namespace = (w: World, method: string, more: object = {}): Promise<Plain> =>
  w.ask(method, { namespace: w.id('namespace'), ...more });

export const places = subject('places', {
  'a task queue that nobody polls': async (w) => ({
    workflows: await queue(w, { taskQueueType: Type.TASK_QUEUE_TYPE_WORKFLOW }),
    activities: await queue(w, { taskQueueType: Type.TASK_QUEUE_TYPE_ACTIVITY }),
  }),
  'a task queue that somebody polls': async (w) => {
    const id = await w.startWith();
    const seen = await queue(w, {
      taskQueueType: Type.TASK_QUEUE_TYPE_WORKFLOW,
      taskQueue: { name: id },
    });
    return { pollers: (seen as { pollers: Plain }).pollers };
  },
  'task queues that cannot be': async (w) => ({
    'no queue': await w.ask('DescribeTaskQueue', { taskQueueType: 1 }),
    'no name': await queue(w, { taskQueue: {}, taskQueueType: 1 }),
    'no type': await queue(w),
    'a poll without a queue': await w.ask('PollWorkflowTaskQueue', {}),
    'a poll for activities without one': await w.ask('PollActivityTaskQueue', {}),
    'partitions of nothing': await w.ask('ListTaskQueuePartitions', {}),
  }),
  'a poll that nothing comes of': async (w) => {
    const poll = (method: string) =>
      w.until(
        () => w.ask(method, { taskQueue: { name: w.id('q') } }, 6000),
        // The answer comes shortly before the deadline, and a busy machine may be late to hear it.
        (seen) => (seen as { error?: string }).error !== 'DEADLINE_EXCEEDED',
      );
    const workflows = await poll('PollWorkflowTaskQueue');
    return { workflows, activities: await poll('PollActivityTaskQueue') };
  },
  'a namespace is registered, described and changed': async (w) => {
    const registered = await namespace(w, 'RegisterNamespace', {
      workflowExecutionRetentionPeriod: { seconds: 259_200 },
      description: 'description',
      ownerEmail: 'owner',
      data: { a: 'b' },
    });
    const described = await namespace(w, 'DescribeNamespace');
    const updated = await namespace(w, 'UpdateNamespace', {
      updateInfo: { description: 'another', data: { c: 'd' } },
      config: { workflowExecutionRetentionTtl: { seconds: 86_400 } },
    });
    return { registered, described, updated };
  },
  'a namespace that is deprecated': async (w) => {
    await namespace(w, 'RegisterNamespace', {
      workflowExecutionRetentionPeriod: { seconds: 86_400 },
    });
    const deprecated = await namespace(w, 'DeprecateNamespace');
    // A server may know it for a moment as it was.
    const start = () => namespace(w, 'StartWorkflowExecution', w.startRequest('wf'));
    const isRefused = (seen: Plain) => JSON.stringify(seen).includes('Deprecated');
    return {
      deprecated,
      again: await namespace(w, 'DeprecateNamespace'),
      described: await namespace(w, 'DescribeNamespace'),
      'registered again': await namespace(w, 'UpdateNamespace', { updateInfo: { state: 1 } }),
      start: await w.until(start, isRefused),
      signal: await namespace(w, 'SignalWithStartWorkflowExecution', {
        ...w.startRequest('wf'),
        signalName: 's',
      }),
      list: await namespace(w, 'ListWorkflowExecutions', { query: 'WorkflowId = "none"' }),
      none: await w.ask('DeprecateNamespace', { namespace: w.id('none') }),
    };
  },
  'namespaces that cannot be': async (w) => ({
    'no name': await w.ask('RegisterNamespace', { namespace: '' }),
    'no retention': await w.ask('RegisterNamespace', { namespace: w.id('lasting') }),
    'a retention that is too short': await namespace(w, 'RegisterNamespace', {
      workflowExecutionRetentionPeriod: { seconds: 1 },
    }),
    'one that is there': await w.ask('RegisterNamespace', {
      workflowExecutionRetentionPeriod: { seconds: 86_400 },
    }),
    'described: none': await w.ask('DescribeNamespace', { namespace: w.id('none') }),
    'described: no name': await w.ask('DescribeNamespace', { namespace: '' }),
    'updated: none': await w.ask('UpdateNamespace', {
      namespace: w.id('none'),
      updateInfo: {},
    }),
  }),
  'pages of namespaces that cannot be': async (w) => {
    const page = async (pageSize: number) => {
      const answer = await w.ask('ListNamespaces', { pageSize });
      const { namespaces } = answer as { namespaces?: readonly Plain[] };
      return namespaces ? { some: namespaces.length > 0 } : answer;
    };
    return { 'of none': await page(0), 'of fewer': await page(-1), 'of many': await page(1e9) };
  },
  'calls in a namespace that is not there': async (w) => {
    const workflowId = w.id('wf');
    const execution = { workflowId };
    return {
      start: await namespace(w, 'StartWorkflowExecution', w.startRequest('wf')),
      signal: await namespace(w, 'SignalWorkflowExecution', {
        workflowExecution: execution,
        signalName: 's',
      }),
      describe: await namespace(w, 'DescribeWorkflowExecution', { execution }),
      history: await namespace(w, 'GetWorkflowExecutionHistory', { execution }),
      list: await namespace(w, 'ListWorkflowExecutions'),
      poll: await namespace(w, 'PollWorkflowTaskQueue', { taskQueue: { name: 'q' } }),
      schedule: await namespace(w, 'DescribeSchedule', { scheduleId: 's' }),
      'no namespace': await w.ask('DescribeWorkflowExecution', { namespace: '', execution }),
    };
  },
  'what the system can do': async (w) => {
    const info = (await w.ask('GetSystemInfo', {})) as { capabilities: Plain };
    return { capabilities: info.capabilities };
  },
});
