/**
 * Simulated workers. While there is trouble they lose tasks, answer late, twice, with commands that are
 * wrong or with tokens of their own making.
 */
import {
  durationMs,
  enums,
  type HistoryEvent,
  type temporal,
  timestampMs,
  toNumber,
} from '../../../src/temporal-server/proto.js';
import { note } from './ledger.js';
import { decide, TASK_QUEUE } from './script.js';
import { attempt, type World } from './world.js';

type WorkflowTask = temporal.api.workflowservice.v1.IPollWorkflowTaskQueueResponse;
type ActivityTask = temporal.api.workflowservice.v1.IPollActivityTaskQueueResponse;

const namespace = 'default';

/** Polls and works, for ever. */
export async function work(world: World, kind: 'Workflow' | 'Activity', name: string) {
  const { agenda, random, machine } = world;
  const queues = kind === 'Workflow' ? [TASK_QUEUE, `sticky ${name}`] : [TASK_QUEUE];
  for (const queue of queues) void poll(queue);

  async function poll(queue: string): Promise<void> {
    for (;;) {
      const patienceMs = world.troubled ? random.between(500, 20_000) : undefined;
      const request = { namespace, taskQueue: { name: queue }, identity: name };
      const task = await machine
        .call<WorkflowTask & ActivityTask>(`Poll${kind}TaskQueue`, request, patienceMs)
        .catch(() => undefined); // the poll is repeated, whatever was wrong with it
      if (!task) await agenda.wait(random.between(100, 900));
      else if (task.taskToken && task.taskToken.length > 0)
        void (kind === 'Workflow' ? takeWorkflow(world, task, name) : takeActivity(world, task));
    }
  }
}

interface Token {
  readonly runId: string;
  readonly stamp: number;
  readonly startedEventId: number;
  readonly scheduledEventId: number;
  readonly attempt: number;
}

function tokenOf(bytes: Uint8Array | null | undefined): Token {
  return JSON.parse(Buffer.from(bytes ?? []).toString()) as Token;
}

const TASK_TIMEOUT_MS = 10_000;

async function takeWorkflow(world: World, task: WorkflowTask, worker: string): Promise<void> {
  const { agenda, random, ledger } = world;
  const token = tokenOf(task.taskToken);
  const name = `workflow task ${token.runId} ${token.stamp}`;
  world.trace(`${worker} takes ${name}, event ${token.startedEventId}`);
  ledger.handedOut(name);
  const events = historyOf(world, task, token);
  const fate = world.troubled
    ? random.weighted({ answer: 70, lose: 6, late: 5, twice: 8, fail: 4, forge: 5, bad: 2 })
    : 'answer';
  if (fate === 'lose' || !events) return;
  const base = { namespace, taskToken: task.taskToken, identity: worker };
  const sticky = random.chance(0.4);
  const stickyAttributes = {
    workerTaskQueue: { name: `sticky ${worker}` },
    scheduleToStartTimeout: { seconds: 5 },
  };
  const run = { workflowId: task.workflowExecution?.workflowId ?? '', runId: token.runId };
  const request = { ...base, commands: decide(events, run), ...(sticky && { stickyAttributes }) };
  await agenda.wait(
    fate === 'late' ? TASK_TIMEOUT_MS + random.between(1, 4000) : random.between(0, 400),
  );
  const respond = async () => {
    if (!(await attempt(world, 'RespondWorkflowTaskCompleted', request))) return;
    ledger.accepted(name);
    note(ledger.completedTasks, token.runId, token.startedEventId);
  };
  if (fate === 'fail') await attempt(world, 'RespondWorkflowTaskFailed', base);
  else if (fate === 'bad')
    await attempt(world, 'RespondWorkflowTaskCompleted', { ...request, commands: BAD });
  else if (fate === 'twice') await Promise.all([respond(), respond()]);
  else {
    if (fate === 'forge') await forge(world, 'RespondWorkflowTaskCompleted', task.taskToken);
    await respond();
  }
}

/** A timer without a name. */
const BAD = [
  {
    commandType: enums.CommandType.COMMAND_TYPE_START_TIMER,
    startTimerCommandAttributes: { startToFireTimeout: { seconds: 1 } },
  },
];

/**
 * An answer to a task that was never handed out must not be taken. Its numbers are far ahead: by the time that it
 * comes, after a crash maybe, the next attempt can be out.
 */
async function forge(
  world: World,
  method: string,
  bytes: Uint8Array | null | undefined,
): Promise<void> {
  const token = tokenOf(bytes);
  const { random } = world;
  const forged = random.pick([
    { ...token, runId: random.id() },
    { ...token, stamp: token.stamp + 1000, attempt: token.attempt + 1000 },
    { ...token, kind: 'query', queryId: 'none' },
    { ...token, scheduledEventId: token.scheduledEventId + 1000, stamp: token.stamp + 1000 },
  ]);
  const taskToken = Buffer.from(JSON.stringify(forged));
  const taken = await attempt(world, method, { namespace, taskToken });
  if (taken) world.ledger.violate(`${method} took the forged token ${JSON.stringify(forged)}`);
}

/**
 * The whole history of a task: what came with it, after what its worker knows. Checked to be without
 * gaps and to end with the task itself.
 */
function historyOf(world: World, task: WorkflowTask, token: Token): HistoryEvent[] | undefined {
  const { ledger } = world;
  const sent = task.history?.events ?? [];
  const firstId = toNumber(sent[0]?.eventId);
  const cached = world.histories.get(token.runId) ?? [];
  const events = [...cached.slice(0, Math.max(firstId - 1, 0)), ...sent];
  const where = `history of ${token.runId} with task ${token.stamp}`;
  for (const [index, event] of events.entries()) {
    if (toNumber(event.eventId) === index + 1) continue;
    ledger.violate(`${where}: event ${toNumber(event.eventId)} in place ${index + 1}`);
    return undefined;
  }
  if (events.length !== token.startedEventId) {
    ledger.violate(`${where}: ${events.length} events, and not ${token.startedEventId}`);
    return undefined;
  }
  // The two events of a further attempt are shown, but not written yet.
  const written = (task.attempt ?? 1) > 1 ? events.slice(0, -2) : events;
  ledger.see(token.runId, written.slice(Math.max(firstId - 1, 0)));
  world.histories.set(token.runId, events);
  return events;
}

async function takeActivity(world: World, task: ActivityTask): Promise<void> {
  const { agenda, random, ledger } = world;
  const token = tokenOf(task.taskToken);
  const activity = `${token.runId} ${token.scheduledEventId}`;
  const name = `activity ${activity} attempt ${token.attempt}`;
  world.trace(`a worker takes ${name}`);
  ledger.handedOut(name);
  checkAttempt(world, task, token, activity);
  const startToCloseMs = durationMs(task.startToCloseTimeout);
  const fate = world.troubled
    ? random.weighted({ answer: 50, fail: 20, final: 3, lose: 8, late: 6, twice: 8, forge: 5 })
    : 'answer';
  const heartbeatMs = durationMs(task.heartbeatTimeout);
  const startedAtMs = timestampMs(task.startedTime) ?? 0;
  const noteEnd = (atMs: number) =>
    ledger.attemptEnds.set(activity, { attempt: token.attempt, atMs });
  noteEnd(startedAtMs + Math.min(startToCloseMs, heartbeatMs || startToCloseMs));
  if (fate === 'lose') return;
  const base = { namespace, taskToken: task.taskToken, identity: 'activities' };
  await agenda.wait(
    fate === 'late' ? startToCloseMs + random.between(1, 3000) : random.between(0, 1200),
  );
  if (random.chance(0.2)) {
    const beatAtMs = agenda.nowMs;
    const beat = await attempt<{ cancelRequested: boolean }>(
      world,
      'RecordActivityTaskHeartbeat',
      base,
    );
    if (beat?.cancelRequested && random.chance(0.7)) {
      if (await attempt(world, 'RespondActivityTaskCanceled', base)) ledger.accepted(name);
      return;
    }
    if (beat && heartbeatMs > 0)
      noteEnd(Math.min(startedAtMs + startToCloseMs, beatAtMs + heartbeatMs));
  }
  if (fate === 'fail' || fate === 'final') {
    const applicationFailureInfo = { type: 'Simulated', nonRetryable: fate === 'final' };
    const failure = { message: 'simulated', applicationFailureInfo };
    // The server may take it and stop before it says so.
    noteEnd(Math.min(agenda.nowMs, ledger.attemptEnds.get(activity)?.atMs ?? 0));
    if (await attempt(world, 'RespondActivityTaskFailed', { ...base, failure }))
      ledger.accepted(name);
    return;
  }
  const complete = async () => {
    if (!(await attempt(world, 'RespondActivityTaskCompleted', base))) return;
    ledger.accepted(name);
    note(ledger.completedActivities, token.runId, token.scheduledEventId);
  };
  if (fate === 'forge') await forge(world, 'RespondActivityTaskCompleted', task.taskToken);
  await (fate === 'twice' ? Promise.all([complete(), complete()]) : complete());
}

/** No attempt comes before the pause after the last one is over, and none beyond the last. */
function checkAttempt(world: World, task: ActivityTask, token: Token, activity: string): void {
  const { ledger } = world;
  const maximum = task.retryPolicy?.maximumAttempts ?? 0;
  const name = `attempt ${token.attempt} of activity ${activity}`;
  if (maximum > 0 && token.attempt > maximum) ledger.violate(`${name} is beyond its ${maximum}`);
  const last = ledger.attemptEnds.get(activity);
  if (!last || last.attempt !== token.attempt - 1) return;
  const pauseMs = Math.min(1000 * 2 ** (last.attempt - 1), 100_000);
  const atMs = timestampMs(task.currentAttemptScheduledTime) ?? 0;
  if (atMs < last.atMs + pauseMs)
    ledger.violate(`${name} came ${last.atMs + pauseMs - atMs} ms too early`);
}
