import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FileStore } from '../../src/temporal-server/file/file-store.js';
import type { TemporalServer } from '../../src/temporal-server/index.js';
import { enums } from '../../src/temporal-server/proto.js';
import { startOnStore } from '../../src/temporal-server/server.js';
import type { Store } from '../../src/temporal-server/store.js';
import { storeRefuses } from '../../src/temporal-server/store-errors.js';
import { ByHand, commands } from './support/by-hand.js';
import { type RawClient, rawClient } from './support/raw.js';

const TIMER = {
  commandType: enums.CommandType.COMMAND_TYPE_START_TIMER,
  startTimerCommandAttributes: { timerId: 't', startToFireTimeout: { nanos: 50e6 } },
};

/** Of what these specs do. */
const WRITES: ReadonlySet<string | symbol> = new Set(['commit', 'putSchedule']);

describe('a server whose disk is full', () => {
  let folder: string;
  let server: TemporalServer;
  let client: RawClient;
  let runs: ByHand;
  let isFull: boolean;
  /** What fails then. */
  let refusing: ReadonlySet<string | symbol>;
  let refusals: number;
  let refused: () => void;

  /** The store, which writes nothing while the disk is full. */
  function onSmallDisk(store: Store): Store {
    return new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (!isFull || !refusing.has(name)) return value.bind(target);
        return () => {
          refusals += 1;
          refused();
          const cause = Object.assign(new Error('No space left on device'), { code: 28 });
          return Promise.reject(storeRefuses(cause));
        };
      },
    });
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'perdure-full-'));
    isFull = false;
    refusing = WRITES;
    refusals = 0;
    refused = () => {};
    server = await startOnStore({ port: 0 }, async () =>
      onSmallDisk(await FileStore.open(join(folder, 'server.db'))),
    );
    client = rawClient(server.address);
    runs = new ByHand(client, 'full');
  });

  afterEach(async () => {
    client.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });

  /** The disk is full, until something was refused at least. */
  function refusal(): Promise<void> {
    isFull = true;
    return new Promise((resolve) => {
      refused = resolve;
    });
  }

  it('refuses what it cannot write, keeps what it has, and goes on when there is room', async () => {
    const before = await runs.start();
    const history = await runs.history(before);
    isFull = true;
    await expect(runs.start()).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: 'this embedded server cannot write to its file: No space left on device',
    });
    await expect(runs.poll(before)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(await runs.history(before)).toEqual(history);
    isFull = false;
    await runs.complete(await runs.poll(before), commands.complete);
    expect(await runs.status(await runs.start())).toBe(1);
  });

  it('fires a timer later that it could not write down', async () => {
    const workflowId = await runs.startWith(TIMER);
    await refusal();
    isFull = false;
    await runs.complete(await runs.poll(workflowId), commands.complete);
    expect(refusals).toBeGreaterThan(0);
    const fired = (await runs.history(workflowId)).filter((e) => e.timerFiredEventAttributes);
    expect(fired).toHaveLength(1);
  });

  const schedule = (seconds: number) =>
    client.call('CreateSchedule', {
      namespace: 'default',
      scheduleId: 's',
      requestId: 's',
      schedule: {
        spec: { interval: [{ interval: { seconds } }] },
        action: {
          startWorkflow: {
            workflowId: 'scheduled',
            workflowType: { name: 't' },
            taskQueue: { name: 'scheduled' },
          },
        },
      },
    });

  it('goes on with a schedule that it could not write down', async () => {
    await schedule(1);
    await refusal();
    isFull = false;
    expect((await runs.poll('scheduled')).taskToken.length).toBeGreaterThan(0);
  });

  it('starts a workflow of a schedule later that it could not write down', async () => {
    await schedule(24 * 3600);
    refusing = new Set(['commit']);
    const refused = refusal();
    await client.call('PatchSchedule', {
      namespace: 'default',
      scheduleId: 's',
      patch: { triggerImmediately: {} },
    });
    await refused;
    isFull = false;
    expect((await runs.poll('scheduled')).taskToken.length).toBeGreaterThan(0);
  });
});

const isPosix = process.platform !== 'win32';

/** LMDB itself is refused: what the file would have past so many blocks of 512 bytes is not written. */
(isPosix ? describe : describe.skip)('a server whose file cannot grow', () => {
  const BLOCKS = 1000;
  let folder: string;
  let child: ChildProcess;
  let client: RawClient;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'perdure-limit-'));
  });

  afterEach(async () => {
    await kill();
    rmSync(folder, { recursive: true });
  });

  async function start(limit: string): Promise<void> {
    const command = ['bin/perdure.cjs', 'server', 'start-dev', '--port', '0', '--json'];
    const args = [process.execPath, ...command, '-f', join(folder, 'server.db')];
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    const limited = `ulimit -f ${limit}; exec "$0" "$@"`;
    const shell = spawn('sh', ['-c', limited, ...args], { stdio: [...stdio] });
    child = shell;
    const [line] = (await once(shell.stdout, 'data')) as [Buffer];
    client = rawClient((JSON.parse(line.toString()) as { address: string }).address);
  }

  async function kill(): Promise<void> {
    client.close();
    const gone = child.exitCode === null && once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  const begin = (workflowId: string) =>
    client.call('StartWorkflowExecution', {
      namespace: 'default',
      workflowId,
      workflowType: { name: 't' },
      taskQueue: { name: 'q' },
      requestId: workflowId,
    });

  async function count(): Promise<number> {
    const { executions } = await client.call('ListWorkflowExecutions', { namespace: 'default' });
    return (executions as object[]).length;
  }

  it('refuses what it cannot write, stays, and has all that it acknowledged', async () => {
    await start(`${BLOCKS}`);
    let acknowledged = 0;
    let refused = 0;
    for (let round = 0; refused < 40; round++) {
      const starts = Array.from({ length: 20 }, (_, i) => begin(`w-${round}-${i}`));
      for (const end of await Promise.allSettled(starts)) {
        if (end.status === 'fulfilled') acknowledged += 1;
        else {
          expect(end.reason).toMatchObject({
            details: expect.stringContaining('cannot write to its file'),
          });
          refused += 1;
        }
      }
    }
    expect(acknowledged).toBeGreaterThan(0);
    expect(await count()).toBe(acknowledged);
    await kill();
    await start('unlimited');
    expect(await count()).toBe(acknowledged);
    await begin('another');
  });
});
