/** Signals from a workflow to other processes, and to itself: each way that one can leave a workflow. */
import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import { type Pid, type PidParts, parsePid } from '../../../core/pid.js';
import { RESERVED_TOPIC_PREFIX, type Signal } from '../../../core/signal.js';
import type { Activities } from './activities.js';
import { isAddress, noAddress } from './address.js';
import type { CancelReasons } from './cancel-reasons.js';
import { fromFailure } from './failures.js';
import type { Gate } from './gate.js';
import type { OutgoingHeaders } from './headers.js';
import type { Outstanding } from './outstanding.js';
import { encodeArgs, encodePayload, payloadBytes } from './payload-converter.js';
import type { Peers } from './peers.js';
import type { SandboxData } from './sandbox-app.js';
import { shielded } from './shield.js';
import { isReservedByTemporal, OwnActivity, type PeerSignal } from './wire.js';

type EndSignal = Extract<Signal, { kind: 'cancel' | 'terminate' }>;

export interface OutgoingSignalsOptions {
  readonly data: SandboxData;
  readonly pid: Pid;
  readonly headers: OutgoingHeaders;
  readonly cancelReasons: CancelReasons;
  readonly gate: Gate;
  readonly activities: Activities;
  readonly peers: Peers;
  readonly outstanding: Outstanding;
  /** Gives a signal to the workflow itself. */
  readonly toSelf: (signal: Signal) => void;
}

/** Methods answer `true` at once or later; they throw, or reject with, a PerdureError. */
export class OutgoingSignals {
  constructor(private readonly options: OutgoingSignalsOptions) {}

  message(target: string, topic: string, values: readonly Value[]): Value | Promise<Value> {
    checkTopic(topic);
    const { pid: from, toSelf } = this.options;
    const signal: PeerSignal = { kind: 'message', from, topic, values, context: null };
    if (target === from) {
      toSelf(signal);
      return true;
    }
    const parts = parsePid(target);
    if (parts === undefined) {
      throw new PerdureError(
        ErrorKind.NOT_FOUND,
        `name not found: ${target}: a workflow has no names, use PIDs`,
      );
    }
    if (!isAddress(parts)) throw noAddress(target);
    if (parts.node !== undefined) return this.toPeer(parts.node, target, signal);
    this.checkWorkflowHost(parts);
    return this.toWorkflow(parts.id, topic, encodeArgs(values, 'payload'), target);
  }

  /** Asks a process to cancel, or terminates it. */
  end(pid: Pid, signal: EndSignal): Value | Promise<Value> {
    if (pid === this.options.pid) {
      this.options.toSelf(signal);
      return true;
    }
    const parts = parsePid(pid);
    if (parts === undefined) throw new PerdureError(ErrorKind.INVALID, `not a PID: ${pid}`);
    if (!isAddress(parts)) throw noAddress(pid);
    if (parts.node !== undefined) return this.toPeer(parts.node, pid, signal);
    this.checkWorkflowHost(parts);
    return signal.kind === 'cancel'
      ? this.cancel(parts.id, pid, signal)
      : this.terminate(parts.id, pid, signal.reason);
  }

  /** A signal of any name to a workflow. NOT_FOUND where it is not running. */
  async toWorkflow(workflowId: string, name: string, args: unknown[], target: Pid): Promise<Value> {
    const { headers, pid: from, outstanding } = this.options;
    const sent = shielded(() => {
      headers.forSignal({ from, context: null });
      return getExternalWorkflowHandle(workflowId).signal(name, ...args);
    });
    try {
      await outstanding.add(sent);
      return true;
    } catch (thrown) {
      throw notRunning(target, thrown);
    }
  }

  private toPeer(node: string, to: Pid, signal: PeerSignal): Value {
    this.options.peers.send(node, to, signal);
    return true;
  }

  private async cancel(workflowId: string, pid: Pid, signal: EndSignal): Promise<Value> {
    const { cancelReasons, gate, outstanding } = this.options;
    const deadline = signal.kind === 'cancel' ? signal.deadlineMs : null;
    const note = { reason: signal.reason, deadline, from: signal.from };
    cancelReasons.add(workflowId, note);
    const bytes = payloadBytes(encodePayload(note));
    const requested = shielded(() =>
      gate.pass('cancel', bytes, () => getExternalWorkflowHandle(workflowId).cancel()),
    );
    try {
      await outstanding.add(requested);
      return true;
    } catch (thrown) {
      throw notRunning(pid, thrown);
    }
  }

  /** No command of a workflow terminates another one: an activity asks the server. */
  private async terminate(workflowId: string, pid: Pid, reason: string | null): Promise<Value> {
    const { activities, outstanding } = this.options;
    const note = { workflow_id: workflowId, reason };
    try {
      await outstanding.add(activities.own(OwnActivity.TERMINATE, note, {}));
      return true;
    } catch (thrown) {
      const error = fromFailure(thrown);
      throw error.kind === ErrorKind.NOT_FOUND ? notRunning(pid, thrown) : error;
    }
  }

  private checkWorkflowHost(parts: PidParts): void {
    const { workers } = this.options.data.app;
    if (Object.hasOwn(workers, parts.host)) return;
    const known = Object.keys(workers).join(', ');
    throw new PerdureError(
      ErrorKind.NOT_FOUND,
      `host not found: ${parts.host}; workers of this app are ${known}`,
    );
  }
}

function checkTopic(topic: string): void {
  if (!topic.startsWith(RESERVED_TOPIC_PREFIX) && !isReservedByTemporal(topic)) return;
  const prefix = isReservedByTemporal(topic) ? '__temporal_' : RESERVED_TOPIC_PREFIX;
  throw new PerdureError(
    ErrorKind.INVALID,
    `topic ${JSON.stringify(topic)}: topics that start with "${prefix}" are reserved`,
  );
}

function notRunning(pid: Pid, thrown: unknown): PerdureError {
  return new PerdureError(ErrorKind.NOT_FOUND, `process not found: ${pid} is not running`, {
    cause: thrown,
  });
}
