/**
 * The outbox: what one run's transaction asks of another execution is done here, in a transaction
 * of the other's, and then answered in one more of the first's. Each step may be done twice, but none once
 * the answer is there: after a crash a transfer may come again whose answer was stored, and what was refused
 * then might be possible now.
 */
import { isServiceError, StatusCode } from '../errors.js';
import { childClosed, childFields, childStarted, childStartFailed } from '../history/children.js';
import { firstCronDelayMs } from '../history/cron.js';
import type { Transfer } from '../history/effects.js';
import { type ExternalFailure, externalDelivered, externalFailed } from '../history/externals.js';
import { requestCancelRun, signalRun, terminate } from '../history/signals.js';
import { completeTimeouts, type StartSpec } from '../history/start.js';
import { type ChildInfo, type ExternalRequest, isOpen } from '../history/state.js';
import { enums } from '../proto.js';
import { type Engine, isNotFound } from './engine.js';
import type { Run } from './run.js';
import { startExecution } from './starts.js';

/** Whom terminations and signals between workflows are said to come from. */
const HISTORY_SERVICE = 'history-service';

export async function deliverTransfer(engine: Engine, run: Run, transfer: Transfer): Promise<void> {
  switch (transfer.kind) {
    case 'startChild':
      return startChild(engine, run, transfer.child);
    case 'external':
      return sendExternal(engine, run, transfer.request);
    case 'childClosed':
      return tellParent(engine, run, transfer);
    case 'parentClosed':
      return applyClosePolicy(engine, run, transfer);
  }
}

/** A child of a parent that has closed by now is not started, whatever its close policy. */
async function startChild(engine: Engine, parent: Run, child: ChildInfo): Promise<void> {
  const asked = parent.state.children.get(child.initiatedEventId);
  if (!isOpen(parent.info) || !asked || asked.runId) return;
  try {
    const runId = startedBefore(engine, parent, child) ?? (await startNow(engine, parent, child));
    await engine.update(parent, (d) => childStarted(d, child.initiatedEventId, runId));
  } catch (error) {
    if (!isServiceError(error) || error.code !== StatusCode.ALREADY_EXISTS) throw error;
    const cause =
      enums.StartChildWorkflowExecutionFailedCause
        .START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS;
    await engine.update(parent, (d) => childStartFailed(d, child.initiatedEventId, cause));
  }
}

/**
 * The first run of the child, where this has been done and only the parent does not know: the child may
 * have continued as new since, or closed, so that the request id of its start says nothing any more.
 */
function startedBefore(engine: Engine, parent: Run, child: ChildInfo): string | undefined {
  const run = engine.lookUp(parent.key.namespace, child.workflowId, '');
  const link = run?.info.parent;
  const isIt = link?.runId === parent.key.runId && link.initiatedEventId === child.initiatedEventId;
  return isIt ? run?.info.firstRunId : undefined;
}

async function startNow(engine: Engine, parent: Run, child: ChildInfo): Promise<string> {
  const { run } = await startExecution(engine, {
    spec: childSpec(engine, parent, child),
    aheadMs: parent.aheadMs,
    reusePolicy: child.attributes.workflowIdReusePolicy ?? 0,
    conflictPolicy: 0,
  });
  return run.key.runId;
}

function childSpec(engine: Engine, parent: Run, child: ChildInfo): StartSpec {
  const { attributes } = child;
  const nowMs = engine.clock.now() + parent.aheadMs;
  return {
    key: { namespace: parent.key.namespace, workflowId: child.workflowId, runId: engine.newId() },
    namespaceId: parent.info.namespaceId,
    workflowType: child.workflowType,
    taskQueue: attributes.taskQueue?.name ?? parent.info.taskQueue,
    input: attributes.input ?? undefined,
    header: attributes.header ?? undefined,
    ...childFields(child),
    ...completeTimeouts(attributes),
    writesNoRunTimeout: true,
    retryPolicy: attributes.retryPolicy ?? undefined,
    cronSchedule: attributes.cronSchedule ?? '',
    attempt: 1,
    identity: '',
    requestId: child.requestId,
    backoffMs: firstCronDelayMs(attributes.cronSchedule ?? '', nowMs),
    parent: { ...parent.key, initiatedEventId: child.initiatedEventId },
    root: parent.info.root,
    priority: attributes.priority ?? undefined,
  };
}

async function sendExternal(engine: Engine, source: Run, request: ExternalRequest): Promise<void> {
  if (!source.state.externals.has(request.initiatedEventId)) return;
  const failure = await tryExternal(engine, source, request);
  await engine.update(source, (d) =>
    failure
      ? externalFailed(d, request.initiatedEventId, failure)
      : externalDelivered(d, request.initiatedEventId),
  );
}

/** Undefined when the other execution took it. */
async function tryExternal(
  engine: Engine,
  source: Run,
  request: ExternalRequest,
): Promise<ExternalFailure | undefined> {
  const from = { workflowId: source.key.workflowId, runId: source.key.runId };
  // As with Temporal, a workflow cannot do this to itself.
  if (request.workflowId === from.workflowId) return 'notFound';
  try {
    const target = engine.find(source.key.namespace, request.workflowId, request.runId);
    if (request.childWorkflowOnly && !isChildOf(target, source)) return 'notFound';
    if (request.kind === 'signal') {
      const { signalName: name, input, header, requestId } = request;
      await engine.update(target, (d) =>
        signalRun(d, { name, input, header, requestId, identity: HISTORY_SERVICE, from }),
      );
    } else {
      const { requestId, initiatedEventId, reason } = request;
      await engine.update(target, (d) =>
        requestCancelRun(d, {
          requestId,
          reason,
          identity: HISTORY_SERVICE,
          from: { ...from, initiatedEventId },
        }),
      );
    }
    return undefined;
  } catch (error) {
    if (isNotFound(error)) return 'notFound';
    if (isServiceError(error)) return 'signalLimit';
    throw error;
  }
}

function isChildOf(target: Run, source: Run): boolean {
  const { parent } = target.info;
  return parent?.workflowId === source.key.workflowId && parent.runId === source.key.runId;
}

async function tellParent(
  engine: Engine,
  child: Run,
  { parent, outcome }: Extract<Transfer, { kind: 'childClosed' }>,
): Promise<void> {
  const { runId } = child.key;
  await ignoringNotFound(async () => {
    const run = afterResets(engine.find(parent.namespace, parent.workflowId, parent.runId));
    // A parent may record the close before it has recorded the start: its own transfer of the
    // start is still under way. It goes first.
    await run.outbox;
    await engine.update(run, (d) => childClosed(d, parent.initiatedEventId, { runId, outcome }));
  });
}

/** A run that was reset has its children under the run that it was reset to. */
function afterResets(run: Run): Run {
  const next = run.info.resetRunId && run.execution.runs.get(run.info.resetRunId);
  return next && !isOpen(run.info) ? afterResets(next) : run;
}

async function applyClosePolicy(
  engine: Engine,
  parent: Run,
  { child, policy }: Extract<Transfer, { kind: 'parentClosed' }>,
): Promise<void> {
  await ignoringNotFound(async () => {
    const run = engine.find(parent.key.namespace, child.workflowId, '');
    if (run.info.firstRunId !== child.runId) return;
    const { workflowId, runId } = parent.key;
    await engine.update(run, (d) => {
      if (policy === enums.ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE)
        return terminate(d, { reason: 'by parent close policy', identity: HISTORY_SERVICE });
      return requestCancelRun(d, {
        requestId: engine.newId(),
        reason: '',
        identity: HISTORY_SERVICE,
        from: { workflowId, runId, initiatedEventId: 0 },
      });
    });
  });
}

/** The other run may be gone or closed by now: then there is nothing to do. */
async function ignoringNotFound(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
