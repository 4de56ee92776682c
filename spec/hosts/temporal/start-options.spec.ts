import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { temporal } from '@temporalio/proto';
import type { Value } from '../../../src/core/payload.js';
import { formatPid, type Pid, parsePid } from '../../../src/core/pid.js';
import { orderOf, temporalWorld, WORKER, type World } from '../../support/temporal-world.js';

type Options = { readonly [name: string]: Value };
type Started = temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes;

const workflows = {
  hello: 'return function(name) return "hello " .. tostring(name) end',
  waits: 'return function() return process.inbox():receive():payload():data() end',
  info: `
    local workflow = require("workflow")
    return function() return { id = workflow.info().workflow_id, parent = workflow.info().parent_workflow_id } end`,
  /** Fails at first, saying how many messages it had; then returns how many it has. */
  counts: `
    local time, workflow = require("time"), require("workflow")
    return function()
      local inbox = process.inbox()
      time.sleep("20ms")
      local seen = 0
      while inbox:try_receive() do seen = seen + 1 end
      if workflow.info().attempt == 1 then
        return nil, errors.new({ kind = "UNAVAILABLE", message = "had " .. seen })
      end
      return seen
    end`,
  seen: `
    local time = require("time")
    return function()
      local inbox = process.inbox()
      time.sleep("20ms")
      local seen = 0
      while inbox:try_receive() do seen = seen + 1 end
      print("seen " .. seen)
      return seen
    end`,
  parent: `
    return function(child, options, ...)
      local spawner = process.with_options(options)
      for _, text in ipairs({...}) do spawner = spawner:with_message("go", text) end
      local pid, err = spawner:spawn("app:" .. child, "app:worker", "you")
      if err then return { kind = err:kind(), message = err:message() } end
      return { pid = pid }
    end`,
  awaits: `
    return function(child, options, ...)
      local events = process.events()
      local spawner = process.with_options(options)
      for _, text in ipairs({...}) do spawner = spawner:with_message("go", text) end
      local pid, err = spawner:spawn("app:" .. child, "app:worker", "you")
      if err then return nil, err end
      local exit = events:receive()
      return { same = exit.from == pid, value = exit.result.value, error = exit.result.error and exit.result.error:message() }
    end`,
};

/** Starts a workflow with options: its PID, or why not. */
type Start = (
  world: World,
  name: string,
  options: Options,
  messages?: readonly string[],
) => Promise<{ readonly pid?: Pid; readonly kind?: string; readonly message?: string }>;

const fromOutside: Start = async (world, name, options, messages = []) => {
  const spawned = await world.host.spawn({
    ...orderOf(name, ['you']),
    options,
    messages: messages.map((text) => ({ topic: 'go', values: [text] })),
  });
  if ('pid' in spawned) return { pid: spawned.pid };
  return { kind: spawned.error.kind, message: spawned.error.message };
};

const fromWorkflow: Start = async (world, name, options, messages = []) => {
  const { value } = await world.run('parent', [name, options, ...messages]);
  return value as { pid?: Pid; kind?: string; message?: string };
};

const starts = [
  ['from outside', fromOutside],
  ['from a workflow', fromWorkflow],
] as const;

/** Fields of a memo that have more bytes than they have as one payload: each counts with its name. */
const FIELDS = Array.from({ length: 21_000 }, (_, i): [string, string] => [
  `f${i}`,
  'x'.repeat(30),
]);

const idOf = (pid: Pid | undefined): string => parsePid(pid ?? '')?.id ?? '';

describe.each(starts)('a workflow started %s', (where, start) => {
  let world: World;
  beforeAll(async () => {
    world = await temporalWorld({ workflows });
  });
  afterAll(() => world.close());

  /** Starts one that is to stay, and ends it after a look at what the server has been told. */
  async function started(options: Options): Promise<Started> {
    const abandon = where === 'from outside' ? {} : { 'workflow.parent_close_policy': 'abandon' };
    const { pid, message } = await start(world, 'waits', { ...abandon, ...options });
    if (pid === undefined) throw new Error(message);
    const handle = world.client.client.workflow.getHandle(idOf(pid));
    const { events } = await handle.fetchHistory();
    await handle.terminate();
    return events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
  }

  it('has the timeouts, policies and fields that were asked for', async () => {
    const word = `W${Date.now()}`;
    const attributes = await started({
      'temporal.workflow.execution_timeout': '24h',
      'temporal.workflow.run_timeout': 3_600_000,
      'workflow.task_timeout': '30s',
      'temporal.workflow.id_reuse_policy': 'allow_duplicate_failed_only',
      'temporal.workflow.retry_policy': {
        initial_interval: 1000,
        backoff_coefficient: 2.5,
        maximum_interval: '5m',
        maximum_attempts: 3,
        non_retryable_error_types: ['NotFound', 'Custom'],
      },
      'temporal.workflow.memo': { source: 'api' },
      'temporal.workflow.search_attributes': { [word]: 'cust-123' },
    });
    expect(Number(attributes.workflowExecutionTimeout?.seconds)).toBe(86_400);
    expect(Number(attributes.workflowRunTimeout?.seconds)).toBe(3600);
    expect(Number(attributes.workflowTaskTimeout?.seconds)).toBe(30);
    expect(attributes.retryPolicy).toMatchObject({
      backoffCoefficient: 2.5,
      maximumAttempts: 3,
      nonRetryableErrorTypes: ['NOT_FOUND', 'Custom'],
    });
    expect(Number(attributes.retryPolicy?.initialInterval?.seconds)).toBe(1);
    expect(Number(attributes.retryPolicy?.maximumInterval?.seconds)).toBe(300);
    expect(String(attributes.memo?.fields?.source?.data)).toBe('"api"');
    expect(String(attributes.searchAttributes?.indexedFields?.[word]?.data)).toBe('"cust-123"');
  });

  it('waits for its cron schedule', async () => {
    const { cronSchedule } = await started({ 'temporal.workflow.cron_schedule': '0 */6 * * *' });
    expect(cronSchedule).toBe('0 */6 * * *');
  });

  it('goes to the task queue that was asked for', async () => {
    const { taskQueue } = await started({ 'temporal.workflow.task_queue': 'elsewhere' });
    expect(taskQueue?.name).toBe('elsewhere');
  });

  it('has the id that was given, in the namespace of its client', async () => {
    const id = `given ${where}`;
    const options = { 'temporal.workflow.id': id, 'temporal.workflow.namespace': 'default' };
    const { pid } = await start(world, 'hello', options);
    expect(pid).toBe(formatPid(WORKER, id));
  });

  it('is started late where that was asked for', async () => {
    const { firstWorkflowTaskBackoff } = await started({ 'temporal.workflow.start_delay': '5m' });
    expect(Number(firstWorkflowTaskBackoff?.seconds)).toBe(300);
  });

  it('is started where eager start is asked for, which a server may decline', async () => {
    const options = { 'temporal.workflow.enable_eager_start': true };
    const { pid } = await start(world, 'hello', options);
    expect(await world.exitOf(pid ?? '')).toEqual({ value: 'hello you', error: null });
  });

  it('takes the place of one that runs where that was asked for', async () => {
    const id = `replaced ${where}`;
    const before = await fromOutside(world, 'waits', { 'workflow.id': id });
    const first = await world.client.client.workflow.getHandle(idOf(before.pid)).describe();
    const options = { 'workflow.id': id, 'workflow.id_conflict_policy': 'terminate_existing' };
    const { pid } = await start(world, 'waits', options, ['to the new one']);
    expect(pid).toBe(before.pid);
    expect(await world.exitOf(pid ?? '')).toEqual({ value: 'to the new one', error: null });
    const old = world.client.client.workflow.getHandle(id, first.runId);
    expect((await old.describe()).status.name).toBe('TERMINATED');
  });

  it('is refused where one with its id runs and that was to be an error', async () => {
    const id = `taken ${where}`;
    await fromOutside(world, 'waits', { 'workflow.id': id });
    for (const more of [
      { 'workflow.id_conflict_policy': 'fail' },
      { 'workflow.execution_error_when_already_started': true },
    ]) {
      const { kind } = await start(world, 'hello', { 'workflow.id': id, ...more });
      expect(kind).toBe('ALREADY_EXISTS');
    }
    await world.client.client.workflow.getHandle(id).terminate();
  });

  it('is refused where one with its id has ended and that was to be an error', async () => {
    const id = `ended ${where}`;
    await world.exitOf((await fromOutside(world, 'hello', { 'workflow.id': id })).pid ?? '');
    const reject = { 'workflow.id': id, 'workflow.id_reuse_policy': 'reject_duplicate' };
    expect((await start(world, 'hello', reject)).kind).toBe('ALREADY_EXISTS');
    const again = { 'workflow.id': id, 'workflow.id_reuse_policy': 'allow_duplicate' };
    expect((await start(world, 'hello', again)).pid).toBe(formatPid(WORKER, id));
  });

  it('has its startup messages in the first run of its chain only', async () => {
    const options = {
      ...(where === 'from outside' ? {} : { 'workflow.parent_close_policy': 'abandon' }),
      'temporal.workflow.retry_policy': { initial_interval: 1, maximum_attempts: 2 },
    };
    const { pid } = await start(world, 'counts', options, ['a', 'b']);
    const first = world.client.client.workflow.getHandle(idOf(pid));
    const { events } = await first.fetchHistory();
    expect((await world.exitOf(pid ?? '')).value).toBe(0);
    const runId = events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? '';
    const failed = await world.client.client.workflow.getHandle(idOf(pid), runId).fetchHistory();
    expect(JSON.stringify(failed.events?.at(-1))).toContain('had 2');
  });

  it('has them in the first run of its cron schedule only', async () => {
    const options = {
      ...(where === 'from outside' ? {} : { 'workflow.parent_close_policy': 'abandon' }),
      'temporal.workflow.cron_schedule': '@every 1s',
    };
    const { pid } = await start(world, 'seen', options, ['a', 'b']);
    const { node } = world;
    const said = await node.until(() => (node.printed.length < 2 ? undefined : node.printed));
    expect(said.slice(0, 2)).toEqual(['seen 2', 'seen 0']);
    await world.client.client.workflow.getHandle(idOf(pid)).terminate();
  });

  const wrong: readonly [string, Options][] = [
    ['temporal.workflow.id', { 'temporal.workflow.id': 'x'.repeat(1001) }],
    ['workflow.id', { 'workflow.id': 7 }],
    ['temporal.workflow.task_queue', { 'temporal.workflow.task_queue': '/_sys/mine' }],
    ['workflow.run_timeout', { 'workflow.run_timeout': 'soon' }],
    ['workflow.execution_timeout', { 'workflow.execution_timeout': -1 }],
    ['workflow.task_timeout', { 'workflow.task_timeout': true }],
    ['workflow.id_conflict_policy', { 'workflow.id_conflict_policy': 'use-existing' }],
    ['workflow.id_reuse_policy', { 'workflow.id_reuse_policy': 'never' }],
    ['workflow.parent_close_policy', { 'workflow.parent_close_policy': 'cancel' }],
    ['workflow.wait_for_cancellation', { 'workflow.wait_for_cancellation': 'yes' }],
    ['workflow.enable_eager_start', { 'workflow.enable_eager_start': 1 }],
    ['workflow.memo', { 'workflow.memo': 'text' }],
    ['workflow.search_attributes', { 'workflow.search_attributes': ['a'] }],
    ['workflow.cron_schedule', { 'workflow.cron_schedule': '61 * * * *' }],
    ['start_delay', { 'workflow.cron_schedule': '@hourly', 'workflow.start_delay': '1s' }],
    ['workflow.namespace', { 'workflow.namespace': 'elsewhere' }],
    ['maximum_attempts', { 'workflow.retry_policy': { maximum_attempts: 'many' } }],
    ['maximum_interval', { 'workflow.retry_policy': { maximum_interval: 10 } }],
    ['did you mean maximum_attempts', { 'workflow.retry_policy': { maximum_atempts: 1 } }],
    ['did you mean temporal.workflow.id?', { 'temporal.workflow.idd': 'x' }],
    ['did you mean temporal.workflow.run_timeout', { 'temporl.workflow.run_timeout': '1s' }],
    ['bogus; there are temporal.workflow', { bogus: 1 }],
    ['activity.id is for calls of functions', { 'activity.id': 'x' }],
    ['memo: ', { 'workflow.memo': Object.fromEntries(FIELDS) }],
    ['search attribute Odd', { 'workflow.search_attributes': { Odd: { a: 1 } } }],
    ['search attribute Long', { 'workflow.search_attributes': { Long: 'x'.repeat(3000) } }],
  ];

  it.each(wrong)(
    'is not started with a wrong option, which is named: %s',
    async (named, options) => {
      const { kind, message } = await start(world, 'hello', options);
      expect(message).toContain(named);
      expect(kind).toBe('INVALID');
    },
  );
});

describe('a workflow that a workflow started with what only a client can ask for', () => {
  let world: World;
  beforeAll(async () => {
    world = await temporalWorld({ workflows });
  });
  afterAll(() => world.close());

  it('is no child of it, so that what a parent says of its child is refused', async () => {
    const delay = { 'workflow.start_delay': 1 };
    const { pid } = await fromWorkflow(world, 'info', delay);
    expect((await world.exitOf(pid ?? '')).value).toEqual({ id: idOf(pid) });
    for (const more of [
      { 'workflow.parent_close_policy': 'terminate' },
      { 'workflow.wait_for_cancellation': true },
    ]) {
      const { kind, message } = await fromWorkflow(world, 'hello', { ...delay, ...more });
      expect(kind).toBe('INVALID');
      expect(message).toContain(Object.keys(more)[0]);
    }
  });

  it('gets its startup messages', async () => {
    const { pid } = await fromWorkflow(world, 'waits', { 'workflow.start_delay': 1 }, ['first']);
    expect((await world.exitOf(pid ?? '')).value).toBe('first');
  });

  it.each([
    ['start_delay', { 'workflow.start_delay': 1 }],
    ['terminate_existing', { 'workflow.id_conflict_policy': 'terminate_existing' }],
    ['enable_eager_start', { 'workflow.enable_eager_start': true }],
  ])('tells its end by EXIT all the same, unasked: %s', async (name, options) => {
    const more = { ...options, 'workflow.id': `told of ${name}` };
    expect((await world.run('awaits', ['hello', more])).value).toEqual({
      same: true,
      value: 'hello you',
    });
  });
});
