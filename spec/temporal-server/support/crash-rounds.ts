/** Kills a server under load, over and over, and checks what it has after each start. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { Crashing } from './crashing.js';
import { bundle, installRuntime } from './harness.js';

/** Each round is killed after another number of acknowledged calls; the same in every run of the spec. */
const callsUntilKill = (round: number) => 40 + ((round * 37) % 150);

export async function surviveCrashes(rounds: number): Promise<void> {
  installRuntime();
  const folder = mkdtempSync(join(tmpdir(), 'perdure-crash-'));
  const server = new Crashing(join(folder, 'server.db'));
  try {
    for (let round = 0; round < rounds; round++) {
      await server.start();
      server.load(8, 8);
      await server.acknowledged(callsUntilKill(round));
      await server.kill();
      await server.start();
      expect(await server.problems()).toEqual([]);
      await server.kill();
    }
    await server.start();
    await replayAll(server, rounds);
  } finally {
    await server.kill();
    rmSync(folder, { recursive: true });
  }
}

/** Histories that were cut by crashes are still those of their workflow. */
async function replayAll(server: Crashing, atLeast: number): Promise<void> {
  const closed = [...server.workflows].filter(([, known]) => known.closed);
  expect(closed.length).toBeGreaterThan(atLeast);
  const { code } = await bundle('counting.ts');
  async function* histories() {
    for (const [workflowId] of closed)
      yield { workflowId, history: { events: await server.history(workflowId) } };
  }
  const replays = Worker.runReplayHistories({ workflowBundle: { code } }, histories());
  for await (const { workflowId, error } of replays)
    expect({ workflowId, error }).toEqual({ workflowId, error: undefined });
}
