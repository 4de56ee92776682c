/** How far the history of a run is from the server's limits, past which the server ends the run. */
import type { WorkflowInfo } from '@temporalio/workflow';

const MAX_EVENTS = 51_200;
const MAX_BYTES = 50 * 1024 * 1024;
/** Part of a limit from which on it is said. */
const NEAR = 0.8;

type Measured = Pick<WorkflowInfo, 'historyLength' | 'historySize' | 'workflowId' | 'workflowType'>;

export class HistoryLimits {
  private said = false;

  /** What to say about it, once a run; `null` where there is nothing to say. */
  warning({ historyLength, historySize, workflowId, workflowType }: Measured): string | null {
    if (this.said || (historyLength < NEAR * MAX_EVENTS && historySize < NEAR * MAX_BYTES)) {
      return null;
    }
    this.said = true;
    const mib = (historySize / 1024 / 1024).toFixed(1);
    return (
      `the history of workflow ${workflowId} (${workflowType}) has ${historyLength} events and ${mib} MiB; ` +
      `the server ends a run at ${MAX_EVENTS} events or 50 MiB. Let it go on as a new run: ` +
      'process.upgrade, or meta.temporal.workflow.continue_as_new: auto'
    );
  }
}
