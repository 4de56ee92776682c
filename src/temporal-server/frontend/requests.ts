/** Checks that many requests share. */
import { invalid } from '../errors.js';
import { isTooLarge } from '../history/limits.js';
import type { Payloads, temporal } from '../proto.js';

/** Temporal's limit for ids, in bytes. */
const MAX_ID_BYTES = 1000;

const RUN_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The ids of a `WorkflowExecution`; the run id may be empty, which means the current run. */
export function executionIds(
  execution: temporal.api.common.v1.IWorkflowExecution | null | undefined,
): { workflowId: string; runId: string } {
  if (!execution) throw invalid('Execution is not set on request.');
  const workflowId = execution.workflowId ?? '';
  const runId = execution.runId ?? '';
  if (!workflowId) throw invalid('WorkflowId is not set on request.');
  if (runId && !RUN_ID.test(runId)) throw invalid('Invalid RunId.');
  return { workflowId, runId };
}

export function checkIdLength(value: string, name: string): void {
  if (isTooLong(value)) throw invalid(`${name} length exceeds limit.`);
}

/** The same for a task queue, in the words that Temporal has for it. */
export function checkQueueLength(name: string): void {
  if (isTooLong(name)) throw invalid('taskQueue length exceeds limit');
}

function isTooLong(value: string): boolean {
  return value.length * 3 > MAX_ID_BYTES && Buffer.byteLength(value) > MAX_ID_BYTES;
}

export function checkBlob(payloads: Payloads | null | undefined): void {
  if (isTooLarge(payloads)) throw invalid('Blob data size exceeds limit.');
}
