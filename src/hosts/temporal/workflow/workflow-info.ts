/** `workflow.info()` as a value. Constant within one activation, and the same again in a replay. */
import { workflowInfo } from '@temporalio/workflow';
import type { Value } from '../../../core/payload.js';

export function workflowInfoValue(): Value {
  const info = workflowInfo();
  return {
    workflow_id: info.workflowId,
    run_id: info.runId,
    first_execution_run_id: info.firstExecutionRunId,
    workflow_type: info.workflowType,
    task_queue: info.taskQueue,
    namespace: info.namespace,
    attempt: info.attempt,
    history_length: info.historyLength,
    history_size: info.historySize,
    continue_as_new_suggested: info.continueAsNewSuggested,
    /** ms since the epoch. */
    start_time: info.startTime.getTime(),
    run_start_time: info.runStartTime.getTime(),
    ...(info.cronSchedule !== undefined && { cron_schedule: info.cronSchedule }),
    ...(info.parent !== undefined && { parent_workflow_id: info.parent.workflowId }),
  };
}
