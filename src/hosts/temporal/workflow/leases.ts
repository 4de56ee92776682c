/**
 * Leases: one lasting activity for each node with whose processes this workflow has to do. The node
 * heartbeats it; when that stops, the node is gone, and everybody on it.
 */
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import type { Pid } from '../../../core/pid.js';
import type { Activities } from './activities.js';
import { HEARTBEAT_MS, nodeTaskQueue } from './app-data.js';
import { fromFailure } from './failures.js';
import type { SandboxData } from './sandbox-app.js';
import type { Cancellable } from './shield.js';
import { type LeaseNote, OwnActivity } from './wire.js';

export class Leases {
  private readonly held = new Map<string, Cancellable<Value>>();

  constructor(
    private readonly data: SandboxData,
    private readonly pid: Pid,
    private readonly activities: Activities,
    /** A node is gone. Not called for one that was released. */
    private readonly onLost: (node: string, error: PerdureError) => void,
  ) {}

  hold(node: string): void {
    if (this.held.has(node)) return;
    const { taskQueuePrefix, heartbeatMs = HEARTBEAT_MS } = this.data.app;
    const note: LeaseNote = { pid: this.pid, node };
    const lease = this.activities.lasting(OwnActivity.LEASE, note as unknown as Value, {
      heartbeatMs,
      scheduleToStartMs: heartbeatMs,
      taskQueue: nodeTaskQueue(taskQueuePrefix, node),
      // A second attempt would reach a node that knows nothing of the first.
      attempts: 1,
    });
    this.held.set(node, lease);
    const ended = (why: unknown): void => {
      if (this.held.get(node) !== lease) return;
      this.held.delete(node);
      this.onLost(node, nodeLost(node, why));
    };
    lease.result.then(ended, ended);
  }

  release(node: string): void {
    const lease = this.held.get(node);
    this.held.delete(node);
    lease?.cancel();
  }
}

function nodeLost(node: string, why: unknown): PerdureError {
  const reason = why instanceof Error ? fromFailure(why) : null;
  if (reason?.kind === ErrorKind.UNAVAILABLE) return reason;
  const message = `node ${node} is gone, and its processes with it: it does not answer any more`;
  return new PerdureError(ErrorKind.UNAVAILABLE, message, {
    details: { node, ...(reason !== null && { reason: reason.message }) },
  });
}
