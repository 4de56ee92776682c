/** Workflows as processes, for those who list or describe them. */
import type { temporal } from '@temporalio/proto';
import { formatPid } from '../../core/pid.js';
import type { ProcessInfo, ProcessStatus } from '../../runtime/host.js';
import type { TemporalClient } from './client.js';
import type { AppData } from './workflow/app-data.js';

type Info = temporal.api.workflow.v1.IWorkflowExecutionInfo;

/** Numbers of RUNNING and of the two statuses that are no failure. */
const RUNNING = 1;
const DONE: readonly (number | null | undefined)[] = [2, 6];

/** Most workflows that one listing shows. */
const LIST_LIMIT = 1000;

export function toProcessInfo(worker: string, app: AppData, info: Info): ProcessInfo {
  const type = info.type?.name ?? '';
  const parent = info.parentExecution?.workflowId;
  return {
    pid: formatPid(worker, info.execution?.workflowId ?? ''),
    entry: app.workflows.find((w) => w.type === type)?.entry ?? type,
    status: statusOf(info.status),
    parent: parent ? formatPid(worker, parent) : null,
    waitsFor: [],
    mailboxDepth: 0,
  };
}

export async function listWorkflows(
  client: TemporalClient,
  taskQueue: string,
  worker: string,
  app: AppData,
): Promise<readonly ProcessInfo[]> {
  const answer = await client.connection.workflowService.listWorkflowExecutions({
    namespace: client.namespace,
    query: `TaskQueue = "${taskQueue}" AND ExecutionStatus = "Running"`,
    pageSize: LIST_LIMIT,
  });
  return (answer.executions ?? []).map((info) => toProcessInfo(worker, app, info));
}

function statusOf(status: number | null | undefined): ProcessStatus {
  if (status === RUNNING) return 'running';
  return DONE.includes(status) ? 'done' : 'failed';
}
