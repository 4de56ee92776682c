/** Waits for what comes into a history: the server answers when there is more, and is not asked all the time. */
import type { temporal } from '@temporalio/proto';
import { parsePid } from '../../src/core/pid.js';
import type { TemporalClient } from '../../src/hosts/temporal/index.js';

type History = temporal.api.workflowservice.v1.IGetWorkflowExecutionHistoryResponse;
export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** The first event of a run for which `wanted` is true. @throws Error where the run closes without one. */
export async function eventOf(
  { connection, namespace }: TemporalClient,
  pid: string,
  wanted: (event: HistoryEvent) => boolean,
): Promise<HistoryEvent> {
  const execution = { workflowId: parsePid(pid)?.id ?? '' };
  let nextPageToken: Uint8Array | null = null;
  do {
    const page: History = await connection.workflowService.getWorkflowExecutionHistory({
      namespace,
      execution,
      waitNewEvent: true,
      nextPageToken,
    });
    const found = page.history?.events?.find(wanted);
    if (found !== undefined) return found;
    nextPageToken = page.nextPageToken ?? null;
  } while (nextPageToken?.length);
  throw new Error(`${pid} has closed, and what was waited for is not in its history`);
}
