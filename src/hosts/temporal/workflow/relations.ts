/**
 * Whom this workflow monitors and is linked to, wherever they live: processes of nodes (`local-bonds.ts`) and
 * other workflows (`workflow-bonds.ts`). It is plain data, which goes along when the workflow continues as a
 * new run.
 */
import { workflowInfo } from '@temporalio/workflow';
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import { type Pid, type PidParts, parsePid } from '../../../core/pid.js';
import type { ExitResult, Signal } from '../../../core/signal.js';
import type { SpawnRequest } from '../../../kernel/request.js';
import type { Activities } from './activities.js';
import { isAddress, noAddress } from './address.js';
import type { Children } from './children.js';
import { Leases } from './leases.js';
import { type LocalBondData, LocalBonds } from './local-bonds.js';
import { startLocal } from './local-start.js';
import type { OutgoingSignals } from './outgoing-signals.js';
import type { Outstanding } from './outstanding.js';
import type { Peers } from './peers.js';
import type { SandboxData } from './sandbox-app.js';
import { Watches } from './watches.js';
import type { Notice, RelationOp, SpawnAnswer } from './wire.js';
import { type WorkflowBondData, WorkflowBonds } from './workflow-bonds.js';

export interface RelationsOptions {
  readonly data: SandboxData;
  readonly self: Pid;
  readonly children: Children;
  readonly peers: Peers;
  readonly activities: Activities;
  readonly signals: OutgoingSignals;
  readonly outstanding: Outstanding;
  readonly deliver: (signal: Signal) => void;
}

/** Everything of it that the next run needs; JSON. */
export interface RelationsData {
  readonly locals: readonly LocalBondData[];
  readonly workflows: readonly WorkflowBondData[];
}

/** A process that has just been started; `told` is to be called when its PID is known to the program. */
export interface StartedProcess {
  readonly pid: Pid;
  readonly told: () => void;
}

export class Relations {
  private readonly locals: LocalBonds;
  private readonly workflows: WorkflowBonds;

  constructor(private readonly options: RelationsOptions) {
    const { data, self, peers, activities, children, deliver } = options;
    const leases = new Leases(data, self, activities, (node, error) =>
      this.locals.lost(node, error),
    );
    this.locals = new LocalBonds({ self, peers, leases, deliver });
    const watches = new Watches(data, activities);
    const { runId } = workflowInfo();
    this.workflows = new WorkflowBonds({ ...options, watches, runId });
    children.onEnd = (pid) => this.workflows.childEnded(pid);
  }

  /** Answers `true`. @throws PerdureError NOT_FOUND for a name; INVALID for a link that cannot be. */
  relate(op: RelationOp, pid: Pid): Value | Promise<Value> {
    const parts = parsePid(pid);
    if (parts === undefined) throw noName(pid);
    if (pid === this.options.self) return true;
    if (!isAddress(parts)) {
      this.dead(op, pid, noAddress(pid));
      return true;
    }
    if (parts.node !== undefined) {
      this.locals.relate(op, pid);
      return true;
    }
    if (!this.isWorkflow(parts)) {
      this.dead(op, pid, this.unknown(pid));
      return true;
    }
    switch (op) {
      case 'monitor':
      case 'unmonitor':
        this.workflows[op](pid);
        return true;
      case 'link':
      case 'unlink':
        return this.workflows[op](pid);
    }
  }

  /** What another process tells about its end or a link. */
  receive(notice: Notice): void {
    const { kind, note } = notice;
    if (note.from === this.options.self) return;
    if (parsePid(note.from)?.node !== undefined) this.locals.receive(notice);
    else if (kind === 'link' || kind === 'unlink') this.workflows.receive(kind, note);
  }

  // --- children -----------------------------------------------------------------------------------

  /** The id of a link to a child that is about to start. */
  newLink(): string {
    return this.workflows.newLink();
  }

  childLinked(pid: Pid, id: string): void {
    this.workflows.childLinked(pid, id);
  }

  /** A workflow that ran already was taken for a child: its end is reported as a child's is. */
  async adopt(pid: Pid, link: boolean): Promise<void> {
    if (pid === this.options.self) return;
    if (link) await this.workflows.link(pid);
    this.workflows.monitor(pid);
  }

  /** How a workflow ends that runs already. @throws PerdureError INVALID where that is this one. */
  async endOf(pid: Pid): Promise<ExitResult> {
    if (pid !== this.options.self) return this.workflows.endOf(pid);
    throw new PerdureError(ErrorKind.INVALID, `${pid} would wait for its own end`);
  }

  /** Whether the end of this run would end a child, by its parent_close_policy. */
  get childDependsOnRun(): boolean {
    return this.options.children.dependOnRun;
  }

  // --- processes of nodes -------------------------------------------------------------------------

  /** Starts a process on a local host, with the monitor and the link that the request asks for. */
  async startLocal(request: SpawnRequest): Promise<StartedProcess> {
    const { monitor, link } = request;
    const { pid, bound } = await this.start(request);
    this.locals.bound(pid, bound && monitor, bound && link);
    if (!bound && monitor) this.locals.relate('monitor', pid);
    if (!bound && link) this.locals.relate('link', pid);
    return { pid, told: () => this.locals.started(pid) };
  }

  /** Starts a process on a local host and waits for its end. */
  async execLocal(request: SpawnRequest): Promise<ExitResult> {
    const { pid, bound } = await this.start({ ...request, monitor: true, link: false });
    const end = this.locals.endOf(pid, bound);
    this.locals.started(pid);
    return end;
  }

  // --- continue-as-new ----------------------------------------------------------------------------

  snapshot(): RelationsData {
    return { locals: this.locals.snapshot(), workflows: this.workflows.snapshot() };
  }

  /** What the run before had; nobody is told of it, for nobody has been told otherwise. */
  restore({ locals, workflows }: RelationsData): void {
    this.locals.restore(locals);
    this.workflows.restore(workflows);
  }

  // --- the inside ---------------------------------------------------------------------------------

  private async start(request: SpawnRequest): Promise<SpawnAnswer> {
    const { activities, outstanding, self } = this.options;
    this.locals.begin();
    try {
      return await outstanding.add(startLocal(activities, self, request));
    } catch (thrown) {
      this.locals.notStarted();
      throw thrown;
    }
  }

  private isWorkflow({ host }: PidParts): boolean {
    return Object.hasOwn(this.options.data.app.workers, host);
  }

  private unknown(pid: Pid): PerdureError {
    const known = Object.keys(this.options.data.app.workers).join(', ');
    const message = `process not found: ${pid}; workers of this app are ${known}`;
    return new PerdureError(ErrorKind.NOT_FOUND, message);
  }

  /** A process that nobody can know is dead to this one. */
  private dead(op: RelationOp, from: Pid, error: PerdureError): void {
    const result = { value: null, error };
    if (op === 'monitor') this.options.deliver({ kind: 'exit', from, result });
    if (op === 'link') this.options.deliver({ kind: 'link_down', from, result });
  }
}

function noName(name: string): PerdureError {
  return new PerdureError(
    ErrorKind.NOT_FOUND,
    `name not found: ${name}: a workflow has no names, use PIDs`,
  );
}
