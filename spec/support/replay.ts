/**
 * Replays finished histories. The SDK's replay only compares which commands come in which order, so this
 * also compares what the commands say, and the result, with what the history holds.
 */
import { readFile } from 'node:fs/promises';
import type { temporal } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { bundlePath, withApp } from '../../src/hosts/temporal/bundle.js';
import type { AppData, TemporalClient } from '../../src/hosts/temporal/index.js';

type History = temporal.api.history.v1.IHistory;

/** Replays the workflows of these ids that are closed. @throws where one diverges. */
export async function replayAll(
  client: TemporalClient,
  app: AppData,
  worker: string,
  workflowIds: readonly string[],
): Promise<void> {
  if (workflowIds.length === 0) return;
  const code = withApp(await readFile(await bundlePath(), 'utf8'), { app, worker });
  for (const workflowId of workflowIds) {
    const history = await client.client.workflow.getHandle(workflowId).fetchHistory();
    if (!isClosed(history)) continue;
    await Worker.runReplayHistory({ workflowBundle: { code } }, history, workflowId);
  }
}

function isClosed({ events }: History): boolean {
  const last = events?.at(-1);
  return (
    last?.workflowExecutionCompletedEventAttributes != null ||
    last?.workflowExecutionFailedEventAttributes != null
  );
}
