/** Replays histories of an app's workflows with its present code, without starting the app. */
import { basename } from 'node:path';
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { AppData, TemporalClient } from '../hosts/temporal/index.js';
import { remoteError } from '../hosts/temporal/remote-error.js';
import { readHistoryFile } from '../hosts/temporal/replay/history-file.js';
import {
  type History,
  Replayer,
  type ReplayOutcome,
  replaySandbox,
} from '../hosts/temporal/replay/replay.js';
import { useSdkRuntime } from '../hosts/temporal/sdk-runtime.js';
import { workflowOfType } from '../hosts/temporal/workflow/sandbox-app.js';
import { fengariEngine } from '../lua/fengari/engine.js';
import { standardModules } from '../lua/modules/index.js';
import { type EntryOf, loadRegistry, type Registry } from '../registry/index.js';
import { Connector } from './connector.js';
import { checkModuleUse, checkSources } from './sources.js';
import { appDataFor } from './temporal.js';

export interface ReplayOrder {
  readonly dir: string;
  /** Temporal server instead of what the app's clients declare. */
  readonly address: string | undefined;
  readonly env: { readonly [name: string]: string | undefined };
  readonly histories:
    | { readonly kind: 'files'; readonly files: readonly string[] }
    | { readonly kind: 'workflows'; readonly ids: readonly string[] }
    | { readonly kind: 'all_open' };
}

export interface Replayed {
  readonly workflowId: string;
  readonly runId: string | null;
  readonly type: string;
  readonly outcome: ReplayOutcome;
}

type Worker = EntryOf<'temporal.worker'>;

/** One history to replay. */
interface Job {
  readonly workflowId: string;
  readonly runId: string | null;
  readonly history: History;
}

/**
 * Replays one history after the other.
 * @throws PerdureError INVALID for an app that cannot run or has no worker, or a file without a history;
 *   NOT_FOUND for a workflow that is not there; UNAVAILABLE where the server is not.
 */
export async function* replayApp(order: ReplayOrder): AsyncGenerator<Replayed> {
  const registry = await loadChecked(order.dir);
  const workers = registry.ofKind('temporal.worker');
  if (workers.length === 0) {
    throw new PerdureError(
      ErrorKind.INVALID,
      `${order.dir} has no temporal.worker, so it has no workflows to replay`,
    );
  }
  const unsubscribe = useSdkRuntime(() => {}); // what is found here is said by the outcome
  const replayer = new AppReplayer(registry, workers);
  try {
    for await (const job of jobsOf(order, registry, workers)) yield await replayer.replay(job);
  } finally {
    await replayer.close();
    unsubscribe();
  }
}

async function loadChecked(dir: string): Promise<Registry> {
  const modules = standardModules();
  const names = new Set(modules.map(({ name }) => name));
  const registry = await loadRegistry(dir, { modules: names });
  checkSources(registry, fengariEngine(modules));
  checkModuleUse(registry, modules);
  return registry;
}

/** The app's workers, each made when it has the first history to replay. */
class AppReplayer {
  private readonly replayers = new Map<string, Replayer>();

  constructor(
    private readonly registry: Registry,
    private readonly workers: readonly Worker[],
  ) {}

  async replay({ workflowId, runId, history }: Job): Promise<Replayed> {
    const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
    const type = started?.workflowType?.name ?? '';
    const found = this.workerFor(type, started?.taskQueue?.name ?? '');
    if (found === null) return { workflowId, runId, type, outcome: unknownType(type) };
    const { app, worker } = found;
    const outcome = await (await this.replayerOf(app, worker)).replay(history, workflowId);
    return { workflowId, runId, type, outcome };
  }

  async close(): Promise<void> {
    for (const replayer of this.replayers.values()) await replayer.close();
  }

  private async replayerOf(app: AppData, worker: string): Promise<Replayer> {
    const replayer = this.replayers.get(worker) ?? new Replayer(await replaySandbox(app, worker));
    this.replayers.set(worker, replayer);
    return replayer;
  }

  /** The worker of the history's task queue, else the one that the app has for this type. */
  private workerFor(type: string, taskQueue: string): { app: AppData; worker: string } | null {
    const ofQueue = this.workers.find((worker) => worker.taskQueue === taskQueue);
    const entry = ofQueue ?? (this.workers[0] as Worker);
    const app = appDataFor(this.registry, entry);
    const workflow = workflowOfType({ app, worker: entry.id }, type);
    if (workflow === undefined) return null;
    return { app, worker: ofQueue?.id ?? workflow.worker };
  }
}

function unknownType(type: string): ReplayOutcome {
  const message = `no workflow of type ${type} in this app`;
  return { kind: 'failed', error: new PerdureError(ErrorKind.NOT_FOUND, message) };
}

async function* jobsOf(
  order: ReplayOrder,
  registry: Registry,
  workers: readonly Worker[],
): AsyncGenerator<Job> {
  const { histories } = order;
  if (histories.kind === 'files') {
    for (const file of histories.files) {
      const history = await readHistoryFile(file);
      const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
      const workflowId = started?.workflowId || basename(file, '.json');
      yield { workflowId, runId: started?.originalExecutionRunId || null, history };
    }
    return;
  }
  const clients = new Clients(registry, order);
  try {
    if (histories.kind === 'all_open') yield* openOnes(workers, clients);
    else for (const id of histories.ids) yield await named(id, workers, clients);
  } finally {
    await clients.close();
  }
}

async function* openOnes(workers: readonly Worker[], clients: Clients): AsyncGenerator<Job> {
  for (const worker of workers) {
    const { client } = await clients.of(worker);
    const query = `TaskQueue = "${worker.taskQueue}" AND ExecutionStatus = "Running"`;
    for await (const { workflowId, runId } of client.workflow.list({ query })) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      yield { workflowId, runId, history };
    }
  }
}

/** The latest run of a workflow, at whichever server of the app has it. */
async function named(
  workflowId: string,
  workers: readonly Worker[],
  clients: Clients,
): Promise<Job> {
  for (const worker of workers) {
    const { client, connection, namespace } = await clients.of(worker);
    const execution = { workflowId };
    try {
      const found = await connection.workflowService.describeWorkflowExecution({
        namespace,
        execution,
      });
      const runId = found.workflowExecutionInfo?.execution?.runId ?? '';
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      return { workflowId, runId, history };
    } catch (thrown) {
      const error = remoteError(thrown);
      if (error.kind !== ErrorKind.NOT_FOUND) throw error;
    }
  }
  throw new PerdureError(ErrorKind.NOT_FOUND, `workflow not found: ${workflowId}`);
}

/** Connections, one for each client entry that is needed. */
class Clients {
  private readonly open = new Map<string, TemporalClient>();

  private readonly connector: Connector;

  constructor(
    private readonly registry: Registry,
    { address, env }: ReplayOrder,
  ) {
    this.connector = new Connector({ address, env, skippingClock: undefined });
  }

  async of(worker: Worker): Promise<TemporalClient> {
    const client = this.open.get(worker.client) ?? (await this.connect(worker));
    this.open.set(worker.client, client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.open.values()) await client.close();
  }

  /** Never an embedded server: one that starts now has no histories. */
  private connect(worker: Worker): Promise<TemporalClient> {
    const entry = this.registry.get(worker.client) as EntryOf<'temporal.client'>;
    const plan = this.connector.plan({ ...entry, embedded: false });
    return this.connector.connect(entry, plan, plan.address);
  }
}
