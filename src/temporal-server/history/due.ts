/** What happens to a run when one of its timers is due. */
import { activityDue } from './activities.js';
import { timeOutRun } from './close.js';
import type { Draft } from './draft.js';
import type { Due } from './effects.js';
import { isOpen } from './state.js';
import { fireTimer } from './timers.js';
import { endWorkflowTaskDelay, timeOutStickyTask, timeOutWorkflowTask } from './workflow-task.js';

export function fallDue(d: Draft, due: Due): void {
  if (!isOpen(d.info)) return;
  switch (due.kind) {
    case 'userTimer':
      fireTimer(d, due.timerId);
      return;
    case 'runTimeout':
      timeOutRun(d);
      return;
    case 'workflowTaskDelay':
      endWorkflowTaskDelay(d);
      return;
    case 'workflowTaskStartToClose':
      timeOutWorkflowTask(d, due.stamp);
      return;
    case 'workflowTaskScheduleToStart':
      timeOutStickyTask(d, due.stamp);
      return;
    case 'activity':
      activityDue(d, due.scheduledEventId, due.what);
      return;
  }
}
