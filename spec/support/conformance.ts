/**
 * The conformance suite's view of a host. A spec writes the body of `main` in Lua for each program it
 * needs, and sees only messages and exits, so that the same spec runs on every host: no clock but the
 * host's own, nothing that only one Node process could look at.
 *
 * A spec makes its own order. On a worker each send, spawn, monitor and link is answered in a later task: who
 * has been heard from may not have gone on yet, and whom it told may have. What a spec relies on it hears of
 * first: a message behind a link, the EXIT of what has ended.
 */
import { afterAll, afterEach, beforeAll, describe, type it, jest } from '@jest/globals';
import type { Value } from '../../src/core/payload.js';
import type { Pid } from '../../src/core/pid.js';
import type { ExitResult } from '../../src/core/signal.js';
import { foreseen, SpecApps } from './conformance-apps.js';
import type { Bodies } from './conformance-programs.js';

export type { Bodies } from './conformance-programs.js';

/** An app with a spec's programs, started on one host. */
export interface ConformanceApp {
  /** Starts a program. @throws PerdureError where that is refused. */
  spawn(program: string, ...args: Value[]): Promise<Pid>;
  /** @throws PerdureError where the message is refused. */
  send(to: string, topic: string, ...values: Value[]): Promise<void>;
  cancel(pid: Pid, reason: string | null, deadlineMs: number | null): Promise<void>;
  terminate(pid: Pid, reason: string | null): Promise<void>;
  /** How a process ends. */
  exitOf(pid: Pid): Promise<ExitResult>;
  /** Ends the processes that still run. */
  endAll(): Promise<void>;
  stop(): Promise<void>;
}

export interface ConformanceHost {
  readonly name: string;
  /** Its processes are workflows; where the rules say so, they differ from local ones. */
  readonly durable: boolean;
  /** Starts an app: file name of a program, without `.lua`, to its complete source. */
  start(sources: Bodies): Promise<ConformanceApp>;
  /** What programs name as their host. */
  readonly id: string;
  /** Removes what its apps have left on the disk. */
  close(): Promise<void>;
}

export interface World {
  readonly host: ConformanceHost;
  /** Jest's, for specs that ask for their app before they wait for anything. */
  readonly it: typeof it;
  /** `it` for what the rules promise of local processes alone; its counterpart stands beside it. */
  readonly itLocal: typeof it;
  /** `it` for what they promise of workflows alone. */
  readonly itDurable: typeof it;
  /** Gives an app with these programs beside the common ones. What runs in it is ended after the spec. */
  start(bodies: Bodies): Promise<ConformanceApp>;
  /** Starts the program `main` of these, and gives what it returned. @throws its failure. */
  run(bodies: Bodies, ...args: Value[]): Promise<Value>;
}

/** States nothing: the rule is about the other kind of host. */
const unstated = Object.assign(() => {}, { each: () => () => {} }) as unknown as typeof it;

/** A workflow takes a task of a server for each of its steps, and the machine may be busy. */
const PATIENCE_MS = 90_000;

/** Runs the specs once for each host. */
export function describeOn(
  hosts: readonly ConformanceHost[],
  title: string,
  specs: (world: World) => void,
): void {
  jest.setTimeout(PATIENCE_MS);
  describe.each(hosts.map((host) => ({ host, name: host.name })))(
    `${title} ($name)`,
    ({ host }) => {
      const apps = new SpecApps(host);
      beforeAll(() => apps.open(), 2 * PATIENCE_MS);
      afterEach(() => apps.endOfSpec());
      afterAll(() => apps.close());
      const start = (bodies: Bodies) => apps.start(bodies);
      const run = async (bodies: Bodies, ...args: Value[]): Promise<Value> => {
        const app = await start(bodies);
        const { value, error } = await app.exitOf(await app.spawn('main', ...args));
        if (error !== null) throw error;
        return value;
      };
      const stated = foreseen(apps);
      const itLocal = host.durable ? unstated : stated;
      const itDurable = host.durable ? stated : unstated;
      specs({ host, it: stated, itLocal, itDurable, start, run });
    },
  );
}
