/**
 * The workers of a host: one for the app's task queue, and one for the queue that belongs to this node,
 * where workflows send what is meant for its processes.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { formatDuration } from '../../core/duration.js';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import { type ActivityWorld, defaultActivity, headersFirst } from './activities.js';
import { bundlePath, type WorkflowScripts, withApp } from './bundle.js';
import type { TemporalClient } from './client.js';
import { DivergenceGuard } from './replay/guard.js';
import { tappedWorker } from './replay/tapped-worker.js';
import { workerSinks } from './sinks.js';
import { toSdkOptions, type WorkerSettings } from './worker-options.js';
import { nodeTaskQueue } from './workflow/app-data.js';

export interface WorkerPairOptions {
  readonly client: TemporalClient;
  readonly taskQueue: string;
  readonly world: ActivityWorld;
  readonly settings: WorkerSettings;
  readonly bundlePath: string | undefined;
  readonly onLost: ((error: PerdureError) => void) | undefined;
  readonly scripts: WorkflowScripts | undefined;
}

/**
 * How long a worker that stops waits for activities after it has told them to stop. The SDK wants it when
 * the worker is made, so it is long; {@link WorkerPair.stop} has a limit of its own.
 */
const FORCE_AFTER_MS = 10_000;

/**
 * How long the SDK lets one activation run; its own default is five seconds. Stopping one in the middle of a
 * promise job leaves Node's stack of async hooks wrong, for which Node ends the whole process. A program has
 * used up its instructions long before this, also on a machine that is busy.
 */
const ACTIVATION_LIMIT_MS = 60_000;

/** Heartbeats go out at least this often, so that short heartbeat timeouts can be kept. */
const HEARTBEAT_THROTTLE_MS = 4_000;

export class WorkerPair {
  private readonly running: Promise<void>;

  private constructor(
    private readonly workers: readonly Worker[],
    private readonly world: ActivityWorld,
    private readonly onLost: WorkerPairOptions['onLost'],
  ) {
    this.running = Promise.all(workers.map((worker) => this.run(worker))).then(() => {});
  }

  /** Creates both workers and lets them poll. */
  static async start(options: WorkerPairOptions): Promise<WorkerPair> {
    const { world, client } = options;
    const guard = new DivergenceGuard({ ...world, client });
    const connection = await client.native();
    const common = {
      connection,
      namespace: client.namespace,
      activities: { default: defaultActivity(world) },
      interceptors: { activity: [headersFirst] },
      // Not in the SDK's types, but an option all the same.
      ...({ isolateExecutionTimeout: ACTIVATION_LIMIT_MS } as object),
      shutdownForceTime: FORCE_AFTER_MS + (options.settings.workerStopTimeoutMs ?? 0),
    };
    const workers = [
      await tappedWorker(guard.newTap).create({ ...common, ...(await appOptions(options)) }),
      await Worker.create({ ...common, ...peerOptions(options) }),
    ];
    return new WorkerPair(workers, world, options.onLost);
  }

  /** Stops polling, waits for what is in progress within `timeoutMs`, and then lets go of it. */
  async stop(timeoutMs: number): Promise<void> {
    for (const worker of this.workers) {
      if (worker.getState() === 'RUNNING') worker.shutdown();
    }
    const abort = new AbortController();
    // Aborted when the worker has stopped in time: then nobody waits for it any more.
    const late = delay(timeoutMs, 'late' as const, { signal: abort.signal }).catch(() => null);
    const first = await Promise.race([this.running, late]);
    abort.abort();
    if (first !== 'late') return;
    const text = `${this.world.worker}: activities did not stop within ${formatDuration(timeoutMs)}`;
    this.world.node.log('warn', text, null);
  }

  private async run(worker: Worker): Promise<void> {
    try {
      await worker.run();
    } catch (thrown) {
      const error = new PerdureError(
        ErrorKind.UNAVAILABLE,
        `the worker of ${worker.options.taskQueue} failed: ${reasonOf(thrown)}`,
        { cause: thrown },
      );
      this.world.node.log('error', `${this.world.worker}: ${error.message}`, null);
      this.onLost?.(error);
    }
  }
}

async function appOptions(options: WorkerPairOptions): Promise<WorkerOptions> {
  const { settings, world, taskQueue } = options;
  const graceMs = settings.workerStopTimeoutMs;
  return {
    taskQueue,
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_MS,
    ...(graceMs !== undefined && { shutdownGraceTime: graceMs }),
    ...toSdkOptions(settings),
    ...(settings.disableWorkflowWorker !== true && {
      workflowBundle: { code: await sandboxCode(options) },
      sinks: workerSinks(world.node, settings.enableLoggingInReplay ?? false),
    }),
  };
}

function peerOptions({ world }: WorkerPairOptions): WorkerOptions {
  return {
    taskQueue: nodeTaskQueue(world.app.taskQueuePrefix, world.node.name),
    maxConcurrentActivityTaskPolls: 2,
  };
}

async function sandboxCode(options: WorkerPairOptions): Promise<string> {
  const { world, scripts, bundlePath: given } = options;
  const code = await readFile(given ?? (await bundlePath(scripts)), 'utf8');
  return withApp(code, { app: world.app, worker: world.worker });
}

/** What the SDK says, with what lies behind it. */
function reasonOf(thrown: unknown): string {
  const { message, cause } = PerdureError.from(thrown);
  return cause instanceof Error && !message.includes(cause.message)
    ? `${message}: ${cause.message}`
    : message;
}
