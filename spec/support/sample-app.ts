/**
 * Whole apps for specs of what users write: Lua on every host, on an embedded server whose clock jumps over
 * idle time. Each spec runs twice: with workflows kept in memory between their tasks, and with none kept, so
 * that every task begins with a replay. At the end each finished workflow is replayed once more.
 */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { appDataOf } from '../../src/app/app-data.js';
import { type App, startApp } from '../../src/app.js';
import type { Value } from '../../src/core/payload.js';
import { type Pid, parsePid } from '../../src/core/pid.js';
import type { ExitResult } from '../../src/core/signal.js';
import { connectTemporal, type TemporalClient } from '../../src/hosts/temporal/index.js';
import type { SpawnOptions } from '../../src/index.js';
import { AppFolders, index, luaEntry } from './cli.js';
import { replayAll } from './replay.js';

/** Lua by the name of its entry: `hello` is `app:hello`. */
type Sources = { readonly [name: string]: string };

export interface Samples {
  readonly workflows?: Sources;
  /** Functions with activity metadata. */
  readonly activities?: Sources;
  readonly localActivities?: Sources;
  /** Functions without activity metadata. */
  readonly functions?: Sources;
  readonly processes?: Sources;
  /** Environment of the app. */
  readonly env?: { readonly [name: string]: string };
}

export interface SampleApp {
  readonly client: TemporalClient;
  readonly app: App;
  /** What Lua printed since the start. */
  readonly printed: readonly string[];
  spawn(name: string, args?: readonly Value[], options?: SpawnOptions): Promise<Pid>;
  /** Runs an entry of any kind to its end. @throws its failure */
  run(name: string, ...args: Value[]): Promise<Value>;
  send(pid: Pid, topic: string, ...values: Value[]): Promise<void>;
  /** What a process returned. @throws its failure */
  end(pid: Pid): Promise<Value>;
}

const SAFE = 'time, uuid, ctx, json, logger, crypto, base64';
/** A machine that is busy with other specs takes its time. */
const AUTO = 'lifecycle: { auto_start: true, start_timeout: 60s }';
const SERVER = `name: temporal\nkind: temporal.client\naddress: "127.0.0.1:7233"\n${AUTO}`;
const HOST = `name: processes\nkind: process.host\n${AUTO}`;

/** Specs over an app with these programs. The app that `specs` gets is there once they run. */
export function describeSamples(
  name: string,
  samples: Samples,
  specs: (app: () => SampleApp) => void,
): void {
  describe.each([
    ['', ''],
    [', nothing cached', 'worker_options: { max_cached_workflows: 0 }'],
  ])(`${name}%s`, (_words, workerOptions) => {
    const folders = new AppFolders();
    let running: SampleApp & { close(): Promise<void> };
    beforeAll(async () => {
      running = await start(await folders.write(filesOf(samples, workerOptions)), samples);
    }, 60_000);
    afterAll(async () => {
      await running?.close();
      await folders.remove();
    }, 60_000);
    specs(() => running);
  });
}

async function start(
  dir: string,
  samples: Samples,
): Promise<SampleApp & { close(): Promise<void> }> {
  const printed: string[] = [];
  const app = await startApp({
    dir,
    env: samples.env ?? {},
    skipTime: true,
    print: (text) => printed.push(text),
  });
  // The notice that tells a person where to connect.
  const address = /embedded Temporal server on (\S+);/.exec(app.notices.join('\n'))?.[1] ?? '';
  const client = await connectTemporal({ address });
  const { runtime } = app;
  const valueIn = ({ value, error }: ExitResult): Value => {
    if (error !== null) throw error;
    return value;
  };
  const spawn = (name: string, args: readonly Value[] = [], options: SpawnOptions = {}) =>
    runtime.spawn(`app:${name}`, { ...options, args });
  return {
    app,
    client,
    printed,
    spawn: async (...order) => (await spawn(...order)).pid,
    run: async (name, ...args) => valueIn((await (await spawn(name, args)).exit) as ExitResult),
    send: (pid, topic, ...values) => runtime.send(pid, topic, ...values),
    end: async (pid) => valueIn(await runtime.exitOf(pid)),
    async close() {
      try {
        await replayFinished(app, client);
      } finally {
        await client.close();
        await app.stop();
      }
    },
  };
}

/** Every workflow that the server knows of, by whomever it was started. */
async function replayFinished(app: App, client: TemporalClient): Promise<void> {
  const ids = new Set<string>();
  for await (const { workflowId } of client.client.workflow.list()) ids.add(workflowId);
  await replayAll(client, appDataOf(app.registry, ''), 'app:worker', [...ids]);
}

/** The workflow id of a PID. */
export const idOf = (pid: Pid): string => parsePid(pid)?.id ?? '';

function filesOf(samples: Samples, workerOptions: string): Sources {
  const worker = `name: worker\nkind: temporal.worker\nclient: temporal\ntask_queue: samples\n${AUTO}\n${workerOptions}`;
  const onWorker = (what: string, more = '') =>
    `meta: { temporal: { ${what}: { worker: worker${more} } } }`;
  const workflow = `modules: [funcs, workflow, ${SAFE}]\n${onWorker('workflow')}`;
  const local = `modules: [funcs, env, http_client, ${SAFE}]\n`;
  const groups: [Sources | undefined, string, string][] = [
    [samples.workflows, 'workflow.lua', workflow],
    [samples.activities, 'function.lua', local + onWorker('activity')],
    [samples.localActivities, 'function.lua', local + onWorker('activity', ', local: true')],
    [samples.functions, 'function.lua', local],
    [samples.processes, 'process.lua', local],
  ];
  const entries = groups.flatMap(([sources = {}, kind, more]) =>
    Object.keys(sources).map((name) => luaEntry(name, kind, more)),
  );
  const files = groups.flatMap(([sources = {}]) =>
    Object.entries(sources).map(([name, text]) => [`${name}.lua`, text]),
  );
  return { ...Object.fromEntries(files), '_index.yaml': index(SERVER, worker, HOST, ...entries) };
}
