/** What both sides do, each measured by a plain Temporal client. */
import { randomUUID } from 'node:crypto';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { perSecond } from '../support/load.js';
import type { Side, WorkflowName } from './side.js';

/** How many calls of a client are under way at a time. */
export const WIDTH = 50;

export async function withClient<T>(
  address: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

/** Starts `n` hello workflows, {@link WIDTH} at a time, and waits for their results. @returns how many a second. */
export async function hello(client: Client, side: Side, n: number): Promise<number> {
  const one = async (): Promise<void> => {
    const result = await (await start(client, side, 'hello', 'Ada')).result();
    if (result !== 'Hello, Ada') throw new Error(`hello returned ${String(result)}`);
  };
  await perSecond(WIDTH, WIDTH, one);
  return perSecond(n, WIDTH, one);
}

/** Sends `n` signals to one workflow. @returns how many a second it takes. */
export async function signals(client: Client, side: Side, n: number): Promise<number> {
  const handle = await start(client, side, 'inbox', n);
  const started = performance.now();
  await perSecond(n, WIDTH, () => handle.signal('add', 1));
  const sum = await handle.result();
  if (sum !== n) throw new Error(`inbox returned ${String(sum)}`);
  return (n * 1000) / (performance.now() - started);
}

/** One workflow that calls `n` activities. @returns how many a second, and its id. */
export async function activities(
  client: Client,
  side: Side,
  n: number,
): Promise<{ rate: number; workflowId: string }> {
  const started = performance.now();
  const handle = await start(client, side, 'steps', n);
  const result = await handle.result();
  if (result !== n) throw new Error(`steps returned ${String(result)}`);
  return { rate: (n * 1000) / (performance.now() - started), workflowId: handle.workflowId };
}

/** How long a replay of a closed workflow takes, the worker's start with it. */
export async function replay(client: Client, side: Side, workflowId: string) {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  const started = performance.now();
  await side.replay(history, workflowId);
  return { ms: performance.now() - started, events: history.events?.length ?? 0 };
}

export function start(
  client: Client,
  side: Side,
  name: WorkflowName,
  arg: string | number,
): Promise<WorkflowHandle> {
  const { taskQueue } = side;
  return client.workflow.start(side.typeOf(name), {
    taskQueue,
    workflowId: `${name}-${randomUUID()}`,
    args: [arg],
  });
}
