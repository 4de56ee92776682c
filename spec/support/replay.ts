/** Replays finished histories: every one of them must come out the same. */
import { expect } from '@jest/globals';
import type { temporal } from '@temporalio/proto';
import type { AppData, TemporalClient } from '../../src/hosts/temporal/index.js';
import { describeDivergence } from '../../src/hosts/temporal/replay/divergence.js';
import { Replayer, replaySandbox } from '../../src/hosts/temporal/replay/replay.js';

type History = temporal.api.history.v1.IHistory;

/** Replays the workflows of these ids that are closed. @throws where one diverges, or says something else. */
export async function replayAll(
  client: TemporalClient,
  app: AppData,
  worker: string,
  workflowIds: readonly string[],
): Promise<void> {
  if (workflowIds.length === 0) return;
  const runs = workflowIds.map(async (id) => {
    return (await runsOfWorkflow(client, id)).map((history) => [id, history] as const);
  });
  const histories = (await Promise.all(runs)).flat().filter(([, history]) => isClosed(history));
  const replayer = new Replayer(await replaySandbox(app, worker));
  try {
    for (const [workflowId, history] of histories) await replay(replayer, history, workflowId);
  } finally {
    await replayer.close();
  }
}

async function replay(replayer: Replayer, history: History, workflowId: string): Promise<void> {
  const outcome = await replayer.replay(history, workflowId);
  if (outcome.kind === 'failed') throw outcome.error;
  if (outcome.kind === 'diverged') {
    const { at, message } = outcome;
    throw new Error(`${workflowId}: ${at === null ? message : describeDivergence(at)}`);
  }
  expect(outcome.events).toBe(history.events?.length);
}

/** The histories of all runs of a workflow, the last one first: each one names the run before it. */
export async function runsOfWorkflow(
  client: TemporalClient,
  workflowId: string,
): Promise<History[]> {
  const runs: History[] = [];
  let runId: string | undefined;
  do {
    const history = await client.client.workflow.getHandle(workflowId, runId).fetchHistory();
    runs.push(history);
    const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
    runId = started?.continuedExecutionRunId || undefined;
  } while (runId !== undefined);
  return runs;
}

function isClosed({ events }: History): boolean {
  const last = events?.at(-1);
  return (
    last?.workflowExecutionCompletedEventAttributes != null ||
    last?.workflowExecutionFailedEventAttributes != null ||
    last?.workflowExecutionContinuedAsNewEventAttributes != null
  );
}
