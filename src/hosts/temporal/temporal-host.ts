/** The Temporal host: a `temporal.worker`, whose processes are workflows. */
import type { Pid } from '../../core/pid.js';
import type { Delivery, Signal } from '../../core/signal.js';
import type { Host, MaybePromise, ProcessInfo, Spawned, SpawnOrder } from '../../runtime/host.js';
import type { TemporalClient } from './client.js';
import type { NodePort } from './node-port.js';
import type { WorkerSettings } from './worker-options.js';
import type { AppData } from './workflow/app-data.js';

export interface TemporalHostOptions {
  /** Registry id of the worker: the host part of its PIDs. */
  readonly id: string;
  readonly client: TemporalClient;
  readonly taskQueue: string;
  readonly app: AppData;
  readonly node: NodePort;
  readonly settings?: WorkerSettings | undefined;
  /** The prebuilt sandbox; default: the one that was made with perdure. */
  readonly bundlePath?: string | undefined;
}

export class TemporalHost implements Host {
  readonly id: string;

  constructor(private readonly options: TemporalHostOptions) {
    this.id = options.id;
  }

  /** Creates the worker and the node's own one, and starts polling. */
  start(): Promise<void> {
    throw new Error(`${this.options.id}: not yet`);
  }

  stop(_timeoutMs: number): Promise<void> {
    throw new Error('not yet');
  }

  spawn(_order: SpawnOrder): MaybePromise<Spawned> {
    throw new Error('not yet');
  }

  deliver(_pid: Pid, _signal: Signal): MaybePromise<Delivery> {
    throw new Error('not yet');
  }

  describe(_pid: Pid): MaybePromise<ProcessInfo | undefined> {
    return undefined;
  }

  list(): MaybePromise<readonly ProcessInfo[]> {
    return [];
  }
}
