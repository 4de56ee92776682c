/**
 * The one activity function, which runs any type: functions of the app as short processes of the node,
 * and the activities of perdure itself.
 *
 * Arguments and results are payloads that we read and write ourselves, so that a worker in the main
 * thread and the sandbox agree on every value.
 */
import { Context as ActivityContext } from '@temporalio/activity';
import { type Headers, type RawValue, rawValueTypeInfo } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { ErrorKind, isPerdureError, PerdureError } from '../../core/errors.js';
import { copyValue, type Value } from '../../core/payload.js';
import { formatPid, type Pid, parsePid } from '../../core/pid.js';
import { EMPTY_CONTEXT, type ExitResult } from '../../core/signal.js';
import type { Spawned } from '../../runtime/host.js';
import type { AttributeRegistry, AttributeTypes } from './attribute-registry.js';
import { type JsFunction, runJsFunction } from './js-activities.js';
import type { LastingActivities } from './lasting.js';
import type { NodePort } from './node-port.js';
import type { PeerInbox } from './peer-inbox.js';
import type { WorkflowStarter } from './start-workflow.js';
import type { AppData } from './workflow/app-data.js';
import { toFailure } from './workflow/failures.js';
import { readHeader } from './workflow/headers.js';
import { decodePayload, encodeArg } from './workflow/payload-converter.js';
import { workflowOfEntry } from './workflow/sandbox-app.js';
import { activityHeader } from './workflow/shapes.js';
import {
  type ClosedRun,
  type LeaseNote,
  type LinkOrder,
  OWN_ACTIVITY_PREFIX,
  OwnActivity,
  type PeerBatch,
  type RelationOp,
  type SpawnAnswer,
  type SpawnNote,
  type StartNote,
  type WatchNote,
} from './workflow/wire.js';
import type { WorkflowCalls } from './workflow-calls.js';

export interface ActivityWorld {
  /** Registry id of the worker, the host part of PIDs of workflows that say nothing of themselves. */
  readonly worker: string;
  readonly app: AppData;
  readonly node: NodePort;
  readonly attributes: AttributeRegistry;
  readonly peers: PeerInbox;
  readonly workflows: WorkflowCalls;
  /** Functions in JavaScript, by entry id. */
  readonly functions: ReadonlyMap<string, JsFunction>;
  readonly starter: WorkflowStarter;
  readonly lasting: LastingActivities;
  /** How a workflow that has closed ended, by the first run of its chain. */
  readonly endOf: (workflowId: string, runId: string) => Promise<ExitResult>;
  /** A workflow has made or removed a monitor or a link to a process of this node. */
  readonly onRelated: (op: RelationOp, from: Pid) => void;
}

export type DefaultActivity = (headers: Headers, ...args: RawValue[]) => Promise<RawValue>;

/** Arguments that reach an activity as payloads; more than this many would be read by the SDK. */
const MAX_ARGUMENTS = 255;

/** The activity function for `activities: { default: … }`; needs {@link headersFirst}. */
export function defaultActivity(world: ActivityWorld): DefaultActivity {
  const run: DefaultActivity = async (headers, ...args) => {
    const values = args.map((arg) => decodePayload(arg.payload));
    const { activityType } = ActivityContext.current().info;
    try {
      const result = activityType.startsWith(OWN_ACTIVITY_PREFIX)
        ? await runOwn(world, activityType as OwnActivity, values[0] ?? null)
        : await runFunction(world, activityType, values, headers);
      return encodeArg(result, 'result');
    } catch (thrown) {
      if (isPerdureError(thrown)) throw toFailure(thrown, thrown.retryable === false);
      throw thrown;
    }
  };
  const inputTypes = new Array(MAX_ARGUMENTS).fill(rawValueTypeInfo);
  const typeInfo = { inputTypes, outputType: rawValueTypeInfo };
  return Object.assign(run, { activityDefinitionOptions: { typeInfo } });
}

/** Gives the headers to the activity function, as its first argument. */
export const headersFirst: ActivityInterceptorsFactory = () => ({
  inbound: {
    execute: (input, next) => next({ ...input, args: [input.headers, ...input.args] }),
  },
});

async function runFunction(
  world: ActivityWorld,
  type: string,
  values: readonly Value[],
  headers: Headers,
): Promise<Value> {
  const activity = world.app.activities.find((a) => a.type === type);
  if (activity === undefined) {
    throw new PerdureError(ErrorKind.NOT_FOUND, `function not found: no activity of type ${type}`);
  }
  const context = ActivityContext.current();
  const header = activityHeader(readHeader(headers));
  const script = world.functions.get(activity.entry);
  // Another SDK's caller expects the function to heartbeat by itself, with its own details.
  const stopHeartbeat =
    script !== undefined && header.retries === undefined ? () => {} : startHeartbeat(context);
  if (script !== undefined) {
    return runJsFunction(script, values, header.retries ?? null).finally(stopHeartbeat);
  }
  const { value, error } = await world.node
    .runFunction({
      entry: activity.entry,
      values,
      context: header.context ?? EMPTY_CONTEXT,
      options: header.options ?? {},
      parent: header.parent ?? callerOf(world, context),
      signal: context.cancellationSignal,
      startToCloseMs: context.info.startToCloseTimeoutMs,
    })
    .finally(stopHeartbeat);
  if (error === null) return value;
  if (context.cancellationSignal.aborted) await context.cancelled;
  const retries = header.retries ?? true;
  throw toFailure(error, !(error.retryable ?? retries));
}

function callerOf(world: ActivityWorld, context: ActivityContext) {
  const id = context.info.workflowExecution?.workflowId;
  return id === undefined ? null : formatPid(world.worker, id);
}

/** Heartbeats for as long as the function runs: a worker that is lost shows, and a cancel arrives. */
function startHeartbeat(context: ActivityContext): () => void {
  const { heartbeatTimeoutMs } = context.info;
  if (heartbeatTimeoutMs === undefined || heartbeatTimeoutMs <= 0) return () => {};
  const timer = setInterval(() => context.heartbeat(), heartbeatTimeoutMs / 3);
  timer.unref();
  return () => clearInterval(timer);
}

async function runOwn(world: ActivityWorld, type: OwnActivity, arg: Value): Promise<Value> {
  switch (type) {
    case OwnActivity.DELIVER:
      await world.peers.deliver(arg as unknown as PeerBatch, world.onRelated);
      return null;
    case OwnActivity.LEASE:
      return world.lasting.lease(ActivityContext.current().info, arg as unknown as LeaseNote);
    case OwnActivity.WATCH:
      return world.lasting.watch(ActivityContext.current().info, arg as unknown as WatchNote);
    case OwnActivity.LINK:
      return linkWorkflow(world, arg as unknown as LinkOrder);
    case OwnActivity.SPAWN:
      return (await spawnBound(world, arg as unknown as SpawnNote)) as unknown as Value;
    case OwnActivity.START: {
      const note = arg as unknown as StartNote;
      const workflow = workflowOfEntry(world.app, note.entry);
      return (await world.starter.startFor(workflow, note)).pid;
    }
    case OwnActivity.FAILURE: {
      const run = arg as unknown as ClosedRun;
      return (await world.endOf(run.workflow_id, run.run_id)).error?.message ?? null;
    }
    case OwnActivity.TERMINATE: {
      const note = arg as { workflow_id: string; reason: string | null };
      await world.workflows.terminate(note.workflow_id, note.reason);
      return null;
    }
    case OwnActivity.ATTRIBUTES:
      return copyValue(await world.attributes.ensure(arg as AttributeTypes), '');
    default:
      throw new PerdureError(ErrorKind.NOT_FOUND, `function not found: ${String(type)}`);
  }
}

/** Registers what the workflow asked for in the step of the spawn: a process that ends at once has not ended yet. */
async function spawnBound(world: ActivityWorld, note: SpawnNote): Promise<SpawnAnswer> {
  const { host, monitor, link, ...order } = note;
  const { node, onRelated } = world;
  const bind = (spawned: Spawned): SpawnAnswer => {
    if ('error' in spawned) throw spawned.error;
    const { pid, started } = spawned;
    const { parent } = order;
    if (started && monitor) void node.relate('monitor', parent, pid);
    if (started && link) void node.relate('link', parent, pid);
    if (started && link) onRelated('link', parent);
    return { pid, bound: started };
  };
  const spawned = node.spawn(host, order);
  return spawned instanceof Promise ? bind(await spawned) : bind(spawned);
}

function linkWorkflow(world: ActivityWorld, { pid, note }: LinkOrder): Promise<Value> {
  const { workflowExecution, activityId } = ActivityContext.current().info;
  const requestId = `${workflowExecution?.runId}/${activityId}`;
  return world.workflows.link(world.app, pid, parsePid(pid)?.id ?? '', note, requestId);
}
