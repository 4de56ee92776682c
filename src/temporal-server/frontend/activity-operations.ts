/** Pause, unpause and reset pending activities, and change their options. */
import type { Engine } from '../engine/engine.js';
import type { Run } from '../engine/run.js';
import { invalid } from '../errors.js';
import type { Method } from '../grpc/edge.js';
import {
  type ActivityChoice,
  type ActivityOptions,
  changeActivityOptions,
  chosen,
  pauseActivity,
  resetActivity,
  unpauseActivity,
} from '../history/activity-operations.js';
import { optionsOf } from '../history/activity-schedule.js';
import { retryPolicyProblem, withDefaults } from '../history/retry.js';
import type { ActivityInfo } from '../history/state.js';
import {
  codec,
  type Duration,
  duration,
  durationMs,
  enums,
  type HistoryEvent,
  type temporal,
} from '../proto.js';

type Wf = typeof temporal.api.workflowservice.v1;
type Request<N extends keyof Wf> = Wf[N] extends { prototype: infer P } ? P : never;
type Options = temporal.api.activity.v1.IActivityOptions;

const eventCodec = codec<HistoryEvent>('temporal.api.history.v1.HistoryEvent');

export function activityOperationMethods(engine: Engine): { [method: string]: Method } {
  return {
    PauseActivity: async (request: Request<'PauseActivityRequest'>) => {
      const { identity, reason } = request;
      const choice = choiceOf(request);
      await engine.update(runOf(engine, request), (d) => {
        for (const activity of chosen(d, choice))
          pauseActivity(d, activity, { atMs: d.nowMs, identity, reason });
      });
      return {};
    },
    UnpauseActivity: async (request: Request<'UnpauseActivityRequest'>) => {
      const choice = choiceOf(request, request.unpauseAll);
      await unpauseActivities(engine, runOf(engine, request), choice, request);
      return {};
    },
    ResetActivity: async (request: Request<'ResetActivityRequest'>) => {
      const choice = choiceOf(request, request.matchAll);
      await resetActivities(engine, runOf(engine, request), choice, request);
      return {};
    },
    UpdateActivityOptions: (request: Request<'UpdateActivityOptionsRequest'>) =>
      updateOptions(engine, request),
  };
}

interface Target {
  readonly namespace: string;
  readonly execution?: temporal.api.common.v1.IWorkflowExecution | null;
}

function runOf(engine: Engine, { namespace, execution }: Target): Run {
  engine.namespaces.get(namespace);
  const workflowId = execution?.workflowId;
  if (!workflowId) throw invalid('WorkflowId is not set on request.');
  return engine.find(namespace, workflowId, execution?.runId ?? '');
}

function choiceOf(
  request: { readonly id?: string | null; readonly type?: string | null },
  all?: boolean | null,
): ActivityChoice {
  if (request.id) return { kind: 'id', id: request.id };
  if (request.type) return { kind: 'type', type: request.type };
  if (all) return { kind: 'all' };
  throw invalid('Either Activity.Id or Activity.Type should be set on request.');
}

interface Jitter {
  readonly jitter?: Duration | null;
}

/** Somewhere within the jitter. */
function delayOf({ jitter }: Jitter): number {
  return Math.floor(Math.random() * durationMs(jitter));
}

export async function unpauseActivities(
  engine: Engine,
  run: Run,
  choice: ActivityChoice,
  how: Jitter & {
    readonly resetAttempts?: boolean | null;
    readonly resetHeartbeat?: boolean | null;
  },
): Promise<void> {
  const resetAttempts = how.resetAttempts ?? false;
  const resetHeartbeat = how.resetHeartbeat ?? false;
  await engine.update(run, (d) => {
    for (const activity of chosen(d, choice))
      unpauseActivity(d, activity, { resetAttempts, resetHeartbeat, delayMs: delayOf(how) });
  });
}

export async function resetActivities(
  engine: Engine,
  run: Run,
  choice: ActivityChoice,
  how: Jitter & {
    readonly resetHeartbeat?: boolean | null;
    readonly keepPaused?: boolean | null;
    readonly restoreOriginalOptions?: boolean | null;
  },
): Promise<void> {
  const resetHeartbeat = how.resetHeartbeat ?? false;
  const keepPaused = how.keepPaused ?? false;
  await engine.update(run, (d) => {
    for (const activity of chosen(d, choice)) {
      if (how.restoreOriginalOptions)
        changeActivityOptions(d, activity, originalOptions(engine, run, activity));
      const current = d.activities.get(activity.scheduledEventId) ?? activity;
      resetActivity(d, current, { resetHeartbeat, keepPaused, delayMs: delayOf(how) });
    }
  });
}

/** The options that history tells of. */
function originalOptions(engine: Engine, run: Run, activity: ActivityInfo): ActivityOptions {
  const id = activity.scheduledEventId;
  const [stored] = engine.store.events(run.key, id, id);
  const event = stored ? eventCodec.decode(stored.bytes) : {};
  const attributes = event.activityTaskScheduledEventAttributes ?? {};
  return { ...optionsOf(attributes), taskQueue: attributes.taskQueue?.name ?? '' };
}

async function updateOptions(
  engine: Engine,
  request: Request<'UpdateActivityOptionsRequest'>,
): Promise<object> {
  const run = runOf(engine, request);
  const choice = choiceOf(request, request.matchAll);
  const paths = request.updateMask?.paths ?? [];
  if (request.restoreOriginal && paths.length > 0)
    throw invalid('Both UpdateMask and RestoreOriginal are provided');
  if (!request.restoreOriginal && !request.activityOptions)
    throw invalid('ActivityOptions are not provided');
  if (!request.restoreOriginal && !request.updateMask) throw invalid('UpdateMask is not provided');
  const after = await updateActivities(engine, run, choice, request);
  const last = after.at(-1);
  if (!last) return {};
  const shown = shownOptions(last);
  // As Temporal has it: with its kind where it was not put back.
  const kind = request.restoreOriginal ? 0 : enums.TaskQueueKind.TASK_QUEUE_KIND_NORMAL;
  return { activityOptions: { ...shown, taskQueue: { ...shown.taskQueue, kind } } };
}

/** Gives the options that the activities have now. */
export async function updateActivities(
  engine: Engine,
  run: Run,
  choice: ActivityChoice,
  how: {
    readonly activityOptions?: Options | null;
    readonly updateMask?: { readonly paths?: string[] | null } | null;
    readonly restoreOriginal?: boolean | null;
  },
): Promise<readonly ActivityOptions[]> {
  const paths = how.updateMask?.paths ?? [];
  return engine.update(run, (d) =>
    chosen(d, choice).map((activity) => {
      const options = how.restoreOriginal
        ? originalOptions(engine, run, activity)
        : merged(activity, how.activityOptions ?? {}, paths);
      changeActivityOptions(d, activity, options);
      return options;
    }),
  );
}

/** The options that the mask names, of the request; the rest as it was. */
function merged(
  activity: ActivityInfo,
  options: Options,
  paths: readonly string[],
): ActivityOptions {
  const named = new Set(paths.map(camelCase));
  const span = (name: SpanName, before: number) =>
    named.has(name) ? durationMs(options[name]) : before;
  const policy = { ...activity.retryPolicy };
  for (const field of POLICY_FIELDS) {
    if (!named.has('retryPolicy') && !named.has(`retryPolicy.${field}`)) continue;
    if (!options.retryPolicy) throw invalid('RetryPolicy is not provided');
    Object.assign(policy, { [field]: options.retryPolicy[field] });
  }
  const moves = named.has('taskQueue') || named.has('taskQueue.name');
  const taskQueue = moves ? options.taskQueue?.name : activity.taskQueue;
  if (!taskQueue) throw invalid('TaskQueue is not provided');
  for (const [field, label] of SPANS)
    if (named.has(field) && durationMs(options[field]) < 0)
      throw invalid(
        `Invalid ${label} for ScheduleActivityTaskCommand: negative duration. ActivityId=${activity.activityId} ActivityType=${activity.activityType}`,
      );
  const changed: Writable<ActivityOptions> = {
    taskQueue,
    scheduleToCloseMs: span('scheduleToCloseTimeout', activity.scheduleToCloseMs),
    scheduleToStartMs: 0,
    startToCloseMs: span('startToCloseTimeout', activity.startToCloseMs),
    heartbeatMs: span('heartbeatTimeout', activity.heartbeatMs),
    retryPolicy: withDefaults(policy),
  };
  const { scheduleToCloseMs } = changed;
  const start = span('scheduleToStartTimeout', activity.scheduleToStartMs);
  changed.scheduleToStartMs =
    scheduleToCloseMs > 0 ? Math.min(start || scheduleToCloseMs, scheduleToCloseMs) : start;
  const problem = retryPolicyProblem(policy);
  if (problem) throw invalid(problem);
  if (changed.startToCloseMs === 0 && changed.scheduleToCloseMs === 0)
    throw invalid(
      `A valid StartToClose or ScheduleToCloseTimeout is not set on ScheduleActivityTaskCommand. ActivityId=${activity.activityId} ActivityType=${activity.activityType}`,
    );
  return changed;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

type SpanName =
  | 'scheduleToCloseTimeout'
  | 'scheduleToStartTimeout'
  | 'startToCloseTimeout'
  | 'heartbeatTimeout';

const SPANS: readonly (readonly [SpanName, string])[] = [
  ['scheduleToCloseTimeout', 'ScheduleToCloseTimeout'],
  ['scheduleToStartTimeout', 'ScheduleToStartTimeout'],
  ['startToCloseTimeout', 'StartToCloseTimeout'],
  ['heartbeatTimeout', 'HeartbeatTimeout'],
];

const POLICY_FIELDS = [
  'initialInterval',
  'backoffCoefficient',
  'maximumInterval',
  'maximumAttempts',
] as const;

/** Masks name fields as the protocol does, or as its JSON does. */
function camelCase(path: string): string {
  return path.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Options as answers show them. */
export function shownOptions(options: ActivityOptions): Options {
  return {
    taskQueue: { name: options.taskQueue },
    scheduleToCloseTimeout: duration(options.scheduleToCloseMs),
    scheduleToStartTimeout: duration(options.scheduleToStartMs),
    startToCloseTimeout: duration(options.startToCloseMs),
    heartbeatTimeout: duration(options.heartbeatMs),
    retryPolicy: options.retryPolicy,
  };
}
