/**
 * Leases and watches of workflows on this node: activities that last as long as what they stand for.
 *
 * A lease says that this node is there. When its heartbeats stop, the workflow knows that the processes that
 * it monitors or is linked to here are out of reach. A watch ends as the watched workflow ends; any node of
 * the task queue can go on with one, from the run that its last heartbeat names.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CompleteAsyncError, type Info } from '@temporalio/activity';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import { type Pid, parsePid } from '../../core/pid.js';
import type { ExitResult } from '../../core/signal.js';
import { AsyncTask } from './async-task.js';
import type { TemporalClient } from './client.js';
import type { ExitWatcher } from './exit-watcher.js';
import type { NodePort } from './node-port.js';
import { HEARTBEAT_MS } from './workflow/app-data.js';
import type { LeaseNote, WatchNote } from './workflow/wire.js';
import { isOpen, type WorkflowCalls } from './workflow-calls.js';

export interface LastingOptions {
  readonly client: TemporalClient;
  readonly identity: string;
  readonly node: NodePort;
  readonly calls: WorkflowCalls;
  readonly watcher: ExitWatcher;
  /** Tells the node of the end of a workflow, when it comes or where it has come. */
  readonly watchEnd: (pid: Pid) => void;
}

export class LastingActivities {
  private readonly leases = new Set<AsyncTask>();
  private readonly watches = new Map<AsyncTask, AbortController>();
  private closed = false;

  constructor(private readonly options: LastingOptions) {}

  /** @throws CompleteAsyncError: it goes on. PerdureError UNAVAILABLE where another node was meant. */
  lease(info: Info, note: LeaseNote): never {
    const { node } = this.options;
    if (note.node !== node.name || this.closed) throw nodeLost(note.node);
    const task = this.task(info, {
      onCancel: () => this.leases.delete(task),
      onLost: () => {
        this.leases.delete(task);
        void this.lost(note.pid, info.workflowExecution?.runId ?? '');
      },
    });
    this.leases.add(task);
    task.begin();
    throw new CompleteAsyncError();
  }

  /** @throws CompleteAsyncError: it goes on. PerdureError NOT_FOUND where there is no such workflow. */
  async watch(info: Info, note: WatchNote): Promise<never> {
    const { workflow_id: workflowId } = note;
    const runId =
      runOf(info.heartbeatDetails) ?? note.run_id ?? (await this.presentRun(workflowId));
    if (this.closed) throw nodeLost(this.options.node.name);
    const abort = new AbortController();
    const end = () => {
      this.watches.delete(task);
      abort.abort();
    };
    const task = this.task(info, { onCancel: end, onLost: end });
    this.watches.set(task, abort);
    task.begin();
    const { signal } = abort;
    const onRun = (run: string) => task.note({ run_id: run });
    void this.options.watcher
      .follow({ workflowId, runId, signal, onRun })
      .then((result) => this.ended(task, signal, result));
    throw new CompleteAsyncError();
  }

  /** Says that this node is going, so that nobody has to find out; waits for the answers, at most so long. */
  async close(limitMs: number): Promise<void> {
    this.closed = true;
    const error = nodeLost(this.options.node.name);
    const leases = [...this.leases].map((task) => task.fail(error, true));
    const watches = [...this.watches].map(([task, abort]) => {
      abort.abort();
      return task.fail(error, false); // another node goes on with it
    });
    this.leases.clear();
    this.watches.clear();
    const limit = delay(limitMs, undefined, { ref: false });
    await Promise.race([Promise.all([...leases, ...watches]), limit]);
  }

  private task(info: Info, on: { onCancel: () => void; onLost: () => void }): AsyncTask {
    const { client, identity } = this.options;
    const { taskToken, heartbeatTimeoutMs: heartbeatMs = HEARTBEAT_MS } = info;
    return new AsyncTask({ client, identity, taskToken, heartbeatMs, ...on });
  }

  private async ended(
    task: AsyncTask,
    signal: AbortSignal,
    { value, error }: ExitResult,
  ): Promise<void> {
    if (signal.aborted) return;
    this.watches.delete(task);
    if (error === null) await task.complete(value);
    else await task.fail(error, true);
  }

  /**
   * The server knows the lease no longer. Either its workflow has ended or goes on as another run, and then
   * its end is what matters; or the heartbeats were late, and it takes this node for dead.
   */
  private async lost(pid: Pid, runId: string): Promise<void> {
    const { node, watchEnd } = this.options;
    if (this.closed || !(node.isWatched(pid) || node.isWatching(pid))) return;
    if (await this.isRunning(pid, runId)) node.disconnected(pid, workflowLost(pid));
    else watchEnd(pid);
  }

  private async isRunning(pid: Pid, runId: string): Promise<boolean> {
    try {
      const description = await this.options.calls.describe(parsePid(pid)?.id ?? '');
      const run = description.workflowExecutionInfo?.execution?.runId;
      return isOpen(description) && run === runId;
    } catch {
      return false; // whoever watches its end asks again, for as long as it takes
    }
  }

  private async presentRun(workflowId: string): Promise<string> {
    const { workflowExecutionInfo } = await this.options.calls.describe(workflowId);
    return workflowExecutionInfo?.execution?.runId ?? '';
  }
}

/** The run that the last attempt was at. */
function runOf(details: unknown): string | undefined {
  const run = (details as { readonly run_id?: Value } | null | undefined)?.run_id;
  return typeof run === 'string' ? run : undefined;
}

function nodeLost(node: string): PerdureError {
  return new PerdureError(ErrorKind.UNAVAILABLE, `node ${node} is gone, and its processes with it`);
}

function workflowLost(pid: Pid): PerdureError {
  const message = `this node and ${pid} were out of touch for too long: each takes the other for lost`;
  return new PerdureError(ErrorKind.UNAVAILABLE, message);
}
