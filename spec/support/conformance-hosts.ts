/**
 * The hosts that the conformance suite runs on: a `process.host` of this Node process, and a
 * `temporal.worker` on each of the two servers.
 */
import { randomUUID } from 'node:crypto';
import { type App, startApp } from '../../src/app.js';
import { AppFolders, index, luaEntry } from './cli.js';
import type { Bodies, ConformanceApp, ConformanceHost } from './conformance.js';
import { EMBEDDED, REAL, type ServerKind, type ServerProcess } from './servers.js';

const PROCESSES = 'app:processes';
const WORKER = 'app:worker';

/** As long as a busy machine may need. */
const LIFECYCLE = 'auto_start: true, start_timeout: 1m';

const LOCAL_HOST = 'name: processes\nkind: process.host\nlifecycle: { auto_start: true }';

/** A `process.host` of this Node process. */
function localHost(): ConformanceHost {
  const folders = new AppFolders();
  return {
    name: 'local',
    durable: false,
    id: PROCESSES,
    async start(sources) {
      const entries = Object.keys(sources).map((name) => luaEntry(name));
      const dir = await folders.write(filesOf(sources, [LOCAL_HOST, ...entries]));
      const app = await startApp({ dir, env: {}, print: () => {} });
      return conformanceApp(app, PROCESSES);
    },
    close: () => folders.remove(),
  };
}

/**
 * A `temporal.worker` on a server of its own. With a cache of 0 every task begins with a replay of all
 * that was before it.
 */
function workflowHost(kind: ServerKind, cachedWorkflows: number | null): ConformanceHost {
  const folders = new AppFolders();
  let server: Promise<ServerProcess> | undefined;
  return {
    name: cachedWorkflows === null ? kind.name : `${kind.name}, nothing cached`,
    durable: true,
    id: WORKER,
    async start(sources) {
      server ??= kind.start();
      const { address } = await server;
      const queue = `conformance-${randomUUID()}`;
      const cache =
        cachedWorkflows === null
          ? ''
          : `worker_options: { max_cached_workflows: ${cachedWorkflows} }`;
      const entries = Object.keys(sources).map((name) => luaEntry(name, 'workflow.lua', META));
      const dir = await folders.write(
        filesOf(sources, [
          `name: temporal\nkind: temporal.client\naddress: "${address}"\nembedded: false
lifecycle: { ${LIFECYCLE} }`,
          `name: worker\nkind: temporal.worker\nclient: app:temporal\ntask_queue: "${queue}"
lifecycle: { ${LIFECYCLE}, depends_on: [app:temporal] }\n${cache}`,
          LOCAL_HOST,
          ...entries,
        ]),
      );
      const app = await startApp({ dir, env: {}, print: () => {} });
      return conformanceApp(app, WORKER);
    },
    async close() {
      await folders.remove();
      const running = await server;
      server = undefined;
      await running?.stop();
    },
  };
}

const META = 'modules: [time, workflow]\nmeta: { temporal: { workflow: { worker: app:worker } } }';

function filesOf(sources: Bodies, entries: readonly string[]): { [file: string]: string } {
  const files = Object.entries(sources).map(([name, text]) => [`${name}.lua`, text]);
  return { ...Object.fromEntries(files), '_index.yaml': index(...entries) };
}

function conformanceApp(app: App, host: string): ConformanceApp {
  const { runtime } = app;
  const endAll = async () => {
    for (const { pid } of await runtime.list()) {
      if (pid.startsWith(`{${host}|`)) await runtime.terminate(pid).catch(() => {}); // has ended by now
    }
  };
  return {
    async spawn(program, ...args) {
      return (await runtime.spawn(`app:${program}`, { host, args })).pid;
    },
    send: (to, topic, ...values) => runtime.send(to, topic, ...values),
    cancel: (pid, reason, deadlineMs) => runtime.cancel(pid, reason, deadlineMs),
    terminate: (pid, reason) => runtime.terminate(pid, reason),
    exitOf: (pid) => runtime.exitOf(pid),
    endAll,
    async stop() {
      // What is left open would keep the server busy.
      if (host === WORKER) await endAll();
      await app.stop();
    },
  };
}

/** The real server is for CI, where its absence is a failure and not a skip, and for the table. */
const realHosts = process.env.CI === undefined ? [] : [workflowHost(REAL, null)];

/** The hosts that the suite runs on. */
export const HOSTS: readonly ConformanceHost[] = [
  localHost(),
  workflowHost(EMBEDDED, 0),
  ...realHosts,
];
