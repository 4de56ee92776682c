/** Checks that many requests share. */
import { invalid } from '../errors.js';
import { isTooLong, queueNameProblem } from '../history/ids.js';
import { isTooLarge } from '../history/limits.js';
import type { Payloads, temporal } from '../proto.js';

const RUN_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The ids of a `WorkflowExecution`; the run id may be empty, which means the current run. */
export function executionIds(
  execution: temporal.api.common.v1.IWorkflowExecution | null | undefined,
): { workflowId: string; runId: string } {
  if (!execution) throw invalid('Execution is not set on request.');
  const workflowId = execution.workflowId ?? '';
  const runId = execution.runId ?? '';
  if (!workflowId) throw invalid('WorkflowId is not set on request.');
  if (runId && !isRunId(runId)) throw invalid('Invalid RunId.');
  return { workflowId, runId };
}

export function isRunId(text: string): boolean {
  return RUN_ID.test(text);
}

export function checkIdLength(value: string, name: string): void {
  if (isTooLong(value)) throw invalid(`${name} length exceeds limit.`);
}

/** The name of a task queue that a request has to give. */
export function queueName(
  taskQueue: temporal.api.taskqueue.v1.ITaskQueue | null | undefined,
): string {
  if (!taskQueue) throw invalid('taskQueue is not set');
  const { name } = taskQueue;
  if (!name) throw invalid('missing task queue name');
  const problem = queueNameProblem(name);
  if (problem) throw invalid(problem);
  return name;
}

export function checkBlob(payloads: Payloads | null | undefined): void {
  if (isTooLarge(payloads)) throw invalid('Blob data size exceeds limit.');
}
