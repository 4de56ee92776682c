/**
 * The Temporal host: a `temporal.worker`, whose processes are workflows. It starts them, sends to them and
 * watches them as a client; its workers run them, and the activities that they call.
 */
import { ErrorKind, isPerdureError, PerdureError } from '../../core/errors.js';
import { formatPid, type Pid, parsePid } from '../../core/pid.js';
import { ACCEPTED, type Delivery, type Signal } from '../../core/signal.js';
import { LogLevel } from '../../kernel/syscalls.js';
import type { Host, ProcessInfo, Spawned, SpawnOrder } from '../../runtime/host.js';
import { AttributeRegistry } from './attribute-registry.js';
import type { WorkflowScripts } from './bundle.js';
import type { TemporalClient } from './client.js';
import { ExitWatcher } from './exit-watcher.js';
import type { JsFunction } from './js-activities.js';
import { Lanes } from './lanes.js';
import { LastingActivities } from './lasting.js';
import type { NodePort } from './node-port.js';
import { type NoticeSignal, Notices } from './notices.js';
import { PeerInbox } from './peer-inbox.js';
import { listWorkflows, toProcessInfo } from './process-info.js';
import { useSdkRuntime } from './sdk-runtime.js';
import { WorkflowStarter } from './start-workflow.js';
import type { WorkerSettings } from './worker-options.js';
import { WorkerPair } from './worker-pair.js';
import type { AppData } from './workflow/app-data.js';
import { workflowOfEntry } from './workflow/sandbox-app.js';
import { isReservedByTemporal, type RelationOp } from './workflow/wire.js';
import { isOpen, WorkflowCalls } from './workflow-calls.js';

export interface TemporalHostOptions {
  /** Registry id of the worker: the host part of its PIDs. */
  readonly id: string;
  readonly client: TemporalClient;
  readonly taskQueue: string;
  readonly app: AppData;
  readonly node: NodePort;
  readonly settings?: WorkerSettings | undefined;
  /** Told when a worker that was up fails: it polls no more. */
  readonly onLost?: ((error: PerdureError) => void) | undefined;
  /** What workflows send to this node; one for all hosts of a node. Default: one of its own. */
  readonly peers?: PeerInbox | undefined;
  /** Functions in JavaScript, by entry id. Default: none. */
  readonly functions?: ReadonlyMap<string, JsFunction> | undefined;
  /** Workflows of the TypeScript SDK that join the sandbox. Default: none. */
  readonly scripts?: WorkflowScripts | undefined;
  /** The prebuilt sandbox; default: the one that was made with perdure. */
  readonly bundlePath?: string | undefined;
}

export class TemporalHost implements Host {
  readonly id: string;
  private readonly node: NodePort;
  private readonly calls: WorkflowCalls;
  private readonly starter: WorkflowStarter;
  private readonly watcher: ExitWatcher;
  private readonly attributes: AttributeRegistry;
  private readonly lanes = new Lanes();
  private readonly peers: PeerInbox;
  private readonly notices: Notices;
  private readonly lasting: LastingActivities;
  /** Ids that this host has just started: they need not be looked up before they are watched. */
  private readonly fresh = new Set<string>();
  private workers: WorkerPair | null = null;
  private endLogs: (() => void) | null = null;

  constructor(private readonly options: TemporalHostOptions) {
    const { id, client, node, taskQueue } = options;
    this.id = id;
    this.node = node;
    const identity = `perdure ${node.name}`;
    this.calls = new WorkflowCalls(client, identity);
    this.attributes = new AttributeRegistry(client.connection, client.namespace);
    this.starter = new WorkflowStarter({
      ...{ worker: id, client, taskQueue, identity },
      workers: options.app.workers,
      attributes: this.attributes,
    });
    this.watcher = new ExitWatcher(client, (workflowId, result) => {
      node.exited(formatPid(id, workflowId), result);
    });
    const { calls, watcher, lanes } = this;
    this.peers = options.peers ?? new PeerInbox(node);
    this.notices = new Notices(calls, lanes, node);
    const watchEnd = (pid: Pid) => this.watchEnd(pid);
    this.lasting = new LastingActivities({ client, identity, node, calls, watcher, watchEnd });
  }

  /** Creates the worker and the node's own one, and lets them poll. */
  async start(): Promise<void> {
    const { options, node, calls: workflows, attributes, starter, peers, lasting } = this;
    const { id: worker, app } = options;
    this.endLogs = useSdkRuntime(({ level, message, fields }) => {
      if (message.startsWith(NO_WORKFLOWS)) return;
      const error = fields.error === undefined ? '' : `: ${String(fields.error)}`;
      // A program's own failure reaches whoever waits for it; here it is for those who look closer.
      const shown = PROGRAM_FAILURES.has(message) ? LogLevel.DEBUG : level;
      node.log(shown, `${worker}: ${message}${error}`, null);
    });
    const onRelated = (op: RelationOp, from: Pid) => this.related(op, from);
    this.workers = await WorkerPair.start({
      client: options.client,
      taskQueue: options.taskQueue,
      world: {
        worker,
        app,
        node,
        attributes,
        peers,
        workflows,
        starter,
        lasting,
        endOf: (workflowId, runId) => this.watcher.resultOf(workflowId, runId),
        onRelated,
        functions: options.functions ?? new Map(),
      },
      scripts: options.scripts,
      settings: options.settings ?? {},
      onLost: options.onLost,
      bundlePath: options.bundlePath,
    });
  }

  async stop(timeoutMs: number): Promise<void> {
    const { workers } = this;
    this.workers = null;
    // What processes have told workflows comes first: after that, all that they hear is that the node is gone.
    const limitMs = Math.min(timeoutMs, LAST_WORDS_MS);
    await this.notices.close(limitMs);
    await this.lasting.close(limitMs);
    this.watcher.close();
    await workers?.stop(timeoutMs);
    this.endLogs?.();
    this.endLogs = null;
  }

  async spawn(order: SpawnOrder): Promise<Spawned> {
    const release = this.node.hold(`start of ${order.entry}`);
    try {
      const workflow = workflowOfEntry(this.options.app, order.entry);
      const { pid, fresh } = await this.starter.start(workflow, order);
      if (fresh) this.remember(pid);
      return { pid, started: fresh };
    } catch (thrown) {
      return { error: PerdureError.from(thrown) };
    } finally {
      release();
    }
  }

  async deliver(pid: Pid, signal: Signal): Promise<Delivery> {
    const workflowId = parsePid(pid)?.id;
    if (workflowId === undefined) return { accepted: false, error: notAPid(pid) };
    const release = this.node.hold(`${signal.kind} for ${pid}`);
    try {
      await this.give(pid, workflowId, signal);
      return ACCEPTED;
    } catch (thrown) {
      const error = isPerdureError(thrown) ? thrown : PerdureError.from(thrown);
      return { accepted: false, error };
    } finally {
      release();
    }
  }

  async describe(pid: Pid): Promise<ProcessInfo | undefined> {
    const workflowId = parsePid(pid)?.id;
    if (workflowId === undefined) return undefined;
    try {
      const { workflowExecutionInfo } = await this.calls.describe(workflowId);
      return toProcessInfo(this.id, this.options.app, workflowExecutionInfo ?? {});
    } catch (thrown) {
      if (PerdureError.from(thrown).kind === ErrorKind.NOT_FOUND) return undefined;
      throw thrown;
    }
  }

  /** The running workflows of this worker's task queue, as the server's visibility knows them. */
  list(): Promise<readonly ProcessInfo[]> {
    const { client, taskQueue, app } = this.options;
    return listWorkflows(client, taskQueue, this.id, app);
  }

  // --- the inside -------------------------------------------------------------------------------

  private async give(pid: Pid, workflowId: string, signal: Signal): Promise<void> {
    switch (signal.kind) {
      case 'message': {
        const { from, context, topic, values } = signal;
        if (isReservedByTemporal(topic)) throw reservedTopic(topic);
        const send = () => this.calls.signal(workflowId, topic, values, { from, context });
        // Calls of one sender to one target go one after the other: that is what keeps their order.
        return this.lanes.run(`${from}>${workflowId}`, send);
      }
      case 'cancel': {
        const { reason, deadlineMs: deadline, from } = signal;
        return this.calls.cancel(workflowId, { reason, deadline, from });
      }
      case 'terminate':
        return this.calls.terminate(workflowId, signal.reason);
      case 'monitor':
        return this.monitor(pid, workflowId);
      case 'link':
        return this.link(pid, workflowId, signal.from);
      case 'unmonitor':
        return this.watcher.unwatch(workflowId);
      case 'exit':
      case 'link_down':
      case 'unlink':
        return this.tell(pid, workflowId, signal);
      default:
        throw new PerdureError(
          ErrorKind.INVALID,
          `${pid}: a workflow does not take ${signal.kind} in this version`,
        );
    }
  }

  /** A closed workflow gives its real result at once. */
  private async monitor(pid: Pid, workflowId: string): Promise<void> {
    if (this.isFresh(pid) || isOpen(await this.calls.describe(workflowId))) {
      this.watcher.watch(workflowId);
    } else {
      this.node.exited(pid, await this.watcher.resultOf(workflowId));
    }
  }

  private async link(pid: Pid, workflowId: string, from: Pid): Promise<void> {
    const { app } = this.options;
    const note = { from, ids: [], seen: this.peers.seenOf(pid) };
    try {
      await this.lanes.run(`${from}>${workflowId}`, () =>
        this.calls.link(app, pid, workflowId, note),
      );
    } catch (thrown) {
      const error = PerdureError.from(thrown);
      const unknown = error.kind !== ErrorKind.NOT_FOUND && error.kind !== ErrorKind.INVALID;
      // The server may have taken it all the same, and then the workflow must not keep it.
      if (unknown) this.tell(pid, workflowId, { kind: 'unlink', from });
      throw error;
    }
    this.watcher.watch(workflowId);
  }

  private tell(pid: Pid, workflowId: string, signal: NoticeSignal): void {
    this.notices.tell(workflowId, signal, this.peers.seenOf(pid));
    this.unwatchIdle(pid);
  }

  /** A workflow has made or removed a relation to a process here. */
  private related(op: RelationOp, pid: Pid): void {
    if (op === 'link') this.watchEnd(pid);
    else if (op === 'unlink') this.unwatchIdle(pid);
  }

  /** This node will hear of the end of `pid`, by its own host where that is another one. */
  private watchEnd(pid: Pid): void {
    const parts = parsePid(pid);
    if (parts === undefined || !this.node.isWatched(pid)) return;
    if (parts.host === this.id) this.watcher.watch(parts.id);
    else void this.node.deliver(pid, { kind: 'monitor', from: pid });
  }

  private unwatchIdle(pid: Pid): void {
    const parts = parsePid(pid);
    if (parts?.host === this.id && !this.node.isWatched(pid)) this.watcher.unwatch(parts.id);
  }

  private remember(pid: Pid): void {
    if (this.fresh.size >= FRESH_LIMIT) this.fresh.clear();
    this.fresh.add(pid);
  }

  private isFresh(pid: Pid): boolean {
    return this.fresh.delete(pid);
  }
}

const FRESH_LIMIT = 10_000;

/** How long a stop waits until workflows have been told of the ends of their processes, and then of its own, at most. */
const LAST_WORDS_MS = 2_000;

/** What the SDK logs when a workflow or an activity ends with an error. */
const PROGRAM_FAILURES: ReadonlySet<string> = new Set(['Activity failed', 'Workflow failed']);

/** The SDK warns of a worker without workflows; the node's own one is meant to have none. */
const NO_WORKFLOWS = 'No workflows registered';

function notAPid(pid: Pid): PerdureError {
  return new PerdureError(ErrorKind.INVALID, `not a PID: ${pid}`);
}

function reservedTopic(topic: string): PerdureError {
  return new PerdureError(
    ErrorKind.INVALID,
    `topic ${JSON.stringify(topic)}: Temporal keeps such names for itself`,
  );
}
