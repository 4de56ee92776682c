/**
 * Replays finished histories. The SDK's replay compares only which commands come in which order; here what
 * they say and the result must be the same too.
 */
import { readFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import type { temporal } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { bundlePath, withApp } from '../../src/hosts/temporal/bundle.js';
import type { AppData, TemporalClient } from '../../src/hosts/temporal/index.js';
import { type CommandText, recordedCommands, replayedCommands } from './replay-commands.js';

type History = temporal.api.history.v1.IHistory;

export async function replayBundle(app: AppData, worker: string): Promise<{ code: string }> {
  return { code: withApp(await readFile(await bundlePath(), 'utf8'), { app, worker }) };
}

/** Replays the workflows of these ids that are closed. @throws where one diverges, or says something else. */
export async function replayAll(
  client: TemporalClient,
  app: AppData,
  worker: string,
  workflowIds: readonly string[],
): Promise<void> {
  if (workflowIds.length === 0) return;
  const { code } = await replayBundle(app, worker);
  const workflowBundle = { code: tellingCommands(code) };
  for (const workflowId of workflowIds) {
    const history = await client.client.workflow.getHandle(workflowId).fetchHistory();
    if (!isClosed(history)) continue;
    const commands: CommandText[] = [];
    const fn = (_info: unknown, json: string): void => {
      commands.push(...replayedCommands(json));
    };
    const sinks = { spec: { commands: { fn, callDuringReplay: true } } };
    await Worker.runReplayHistory({ workflowBundle, sinks }, history, workflowId);
    expect(commands.map(onAnyQueue)).toEqual(
      recordedCommands(history.events ?? []).map(onAnyQueue),
    );
  }
}

/** A replay has a made-up task queue, and a workflow's own activities go to the queue it is on. */
const onAnyQueue = (command: CommandText): CommandText =>
  command.replace(/^(activity perdure\.(?!deliver)\S+) on \S+/, '$1');

function isClosed({ events }: History): boolean {
  const last = events?.at(-1);
  return (
    last?.workflowExecutionCompletedEventAttributes != null ||
    last?.workflowExecutionFailedEventAttributes != null
  );
}

/** The bundle, changed so that it tells a sink the commands of each activation. */
function tellingCommands(code: string): string {
  const statement = `{
  const { api } = __TEMPORAL__;
  const conclude = api.concludeActivation;
  const plain = (key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value;
  api.concludeActivation = () => {
    const completion = conclude();
    const { sinkCalls, info } = globalThis.__TEMPORAL_ACTIVATOR__;
    const json = JSON.stringify(completion.successful.commands, plain);
    sinkCalls.push({ ifaceName: 'spec', fnName: 'commands', args: [json], workflowInfo: info });
    return completion;
  };
}
`;
  const at = code.lastIndexOf('//# sourceMappingURL=');
  return code.slice(0, at) + statement + code.slice(at);
}
