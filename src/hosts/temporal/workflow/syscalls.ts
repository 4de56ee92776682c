/** The syscalls of a workflow's kernel, made of workflow APIs: commands in, and answers back later. */
import { workflowInfo } from '@temporalio/workflow';
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import type { Pid } from '../../../core/pid.js';
import type { ExitResult, Signal } from '../../../core/signal.js';
import { type Answer, DONE } from '../../../kernel/program.js';
import type { HostRequest, SpawnRequest } from '../../../kernel/request.js';
import type { LogLevel, Syscalls } from '../../../kernel/syscalls.js';
import { Activities } from './activities.js';
import { HEARTBEAT_MS } from './app-data.js';
import { Attributes } from './attributes.js';
import type { CancelReasons } from './cancel-reasons.js';
import { type ChildOrder, Children } from './children.js';
import { fromFailure } from './failures.js';
import type { Gate } from './gate.js';
import type { OutgoingHeaders } from './headers.js';
import { sinks } from './logs.js';
import { OutgoingSignals } from './outgoing-signals.js';
import { Outstanding } from './outstanding.js';
import { Peers } from './peers.js';
import { Relations, type StartedProcess } from './relations.js';
import { type SandboxData, workerOf, workflowOfEntry } from './sandbox-app.js';
import { Timers } from './timers.js';
import { Versions } from './versions.js';
import { workflowInfoValue } from './workflow-info.js';

/** What the process gives to its syscalls: the ways back into its kernel. */
export interface Inputs {
  fire(timer: number): void;
  answer(call: number, answer: Answer): void;
  deliver(signal: Signal): void;
  /** Goes on as another run. Answers `call` where that cannot be. @throws PerdureError for a bad entry. */
  upgrade(call: number, entry: string, values: readonly Value[]): void;
  /** Where the running task stands, `order.lua:42`. */
  where(): string | null;
  /** Whether what runs is a query or a validator; it fails then, for it may not do this. */
  refuses(what: string): boolean;
  /** Whether the process has ended: nothing needs to be taken back any more. */
  readonly ended: boolean;
}

export interface SyscallsOptions {
  readonly data: SandboxData;
  readonly pid: Pid;
  readonly entry: string;
  readonly headers: OutgoingHeaders;
  readonly cancelReasons: CancelReasons;
  readonly gate: Gate;
  readonly inputs: Inputs;
}

/** Heartbeats for which a node may take no batch before what is in it counts as lost. */
const PEER_PATIENCE = 6;

export class WorkflowSyscalls implements Syscalls {
  readonly outstanding = new Outstanding();
  readonly relations: Relations;
  private readonly peers: Peers;
  private readonly timers: Timers;
  private readonly versions = new Versions();
  private readonly activities: Activities;
  private readonly children: Children;
  private readonly signals: OutgoingSignals;
  private readonly attributes: Attributes;
  /** How to give up a call that is under way. */
  private readonly aborts = new Map<number, () => void>();

  constructor(private readonly options: SyscallsOptions) {
    const { data, pid, headers, inputs } = options;
    this.timers = new Timers((timer) => inputs.fire(timer));
    this.activities = new Activities(data, pid, headers);
    this.attributes = new Attributes(this.activities);
    this.children = new Children({
      ...{ data, pid, headers, outstanding: this.outstanding },
      ...{ activities: this.activities, attributes: this.attributes },
      deliver: (signal) => inputs.deliver(signal),
    });
    this.peers = new Peers(
      data.app.taskQueuePrefix,
      PEER_PATIENCE * (data.app.heartbeatMs ?? HEARTBEAT_MS),
      `${pid}/${workflowInfo().runId}`,
      this.activities,
      this.outstanding,
      (node, items, thrown) => {
        const reason = fromFailure(thrown).text;
        const text = `${items.length} signals to node ${node} are lost: ${reason}`;
        this.log('warn', text, { targets: items.map(({ to }) => to) });
        const why = `node ${node} did not take it: ${reason}`;
        for (const { to, signal } of items) {
          if (signal.kind === 'message')
            sinks().undelivered(pid, to, signal.topic, ErrorKind.UNAVAILABLE, why);
        }
      },
    );
    const { activities, outstanding, peers } = this;
    const toSelf = (signal: Signal) => inputs.deliver(signal);
    this.signals = new OutgoingSignals({ ...options, activities, outstanding, peers, toSelf });
    const { children, signals } = this;
    const parts = { data, children, peers, activities, signals, outstanding };
    this.relations = new Relations({ ...parts, self: pid, deliver: toSelf });
  }

  /** The run ends although not all that it sent is with the server: that is told, not lost in silence. */
  giveUp(): void {
    this.peers.giveUp();
  }

  now(): number {
    return Date.now();
  }

  random(): number {
    // A query that drew a number would change what the run draws next, and a replay would not.
    return this.options.inputs.refuses('a random number') ? 0 : Math.random();
  }

  startTimer(timer: number, delayMs: number): void {
    this.timers.start(timer, delayMs, this.options.inputs.where());
  }

  cancelTimer(timer: number): void {
    if (!this.options.inputs.ended) this.timers.cancel(timer);
  }

  abandon(call: number): void {
    const abort = this.aborts.get(call);
    this.aborts.delete(call);
    if (!this.options.inputs.ended) abort?.();
  }

  log(level: LogLevel, message: string, fields: { readonly [name: string]: Value } | null): void {
    const json = fields === null ? null : JSON.stringify(fields);
    sinks().log(level, message, json, this.options.pid, this.options.entry);
  }

  print(text: string): void {
    sinks().print(text);
  }

  ask(call: number, request: HostRequest): Answer | null {
    try {
      return this.perform(call, request);
    } catch (thrown) {
      return refused(PerdureError.from(thrown));
    }
  }

  private perform(call: number, request: HostRequest): Answer | null {
    switch (request.op) {
      case 'send': {
        const { target, topic, values } = request;
        return this.soon(call, this.signals.message(target, topic, values));
      }
      case 'spawn':
        return this.spawn(call, request.spawn);
      case 'exec':
        return this.exec(call, request.spawn);
      case 'workflow_exec':
        return this.later(call, this.execChild(this.ownWorkerOrder(request)));
      case 'call': {
        const started = this.activities.call(request.call, this.options.inputs.where());
        this.aborts.set(call, started.cancel);
        return this.later(call, started.result);
      }
      case 'monitor':
      case 'unmonitor':
      case 'link':
      case 'unlink':
        return this.soon(call, this.relations.relate(request.op, request.pid));
      case 'cancel': {
        const { reason, deadlineMs } = request;
        const from = this.options.pid;
        const signal = { kind: 'cancel', from, reason, deadlineMs } as const;
        return this.soon(call, this.signals.end(request.pid, signal));
      }
      case 'terminate': {
        const { reason, pid } = request;
        const signal = { kind: 'terminate', from: this.options.pid, reason } as const;
        return this.soon(call, this.signals.end(pid, signal));
      }
      case 'upgrade':
        this.options.inputs.upgrade(call, request.entry, request.values);
        return null;
      case 'version':
        return answered(this.versions.of(request.change, request.min, request.max));
      case 'attributes':
        return this.setAttributes(call, request.search, request.memo);
      case 'workflow_info':
        return answered(workflowInfoValue());
      case 'lookup':
        return refused(noNames(ErrorKind.NOT_FOUND, `name not found: ${request.name}`));
      case 'register':
      case 'unregister':
        return refused(noNames(ErrorKind.INVALID, `${request.op} "${request.name}"`));
      case 'env':
        return refused(outsideOnly('environment variables'));
      case 'http':
        return refused(outsideOnly('HTTP'));
    }
  }

  // --- processes --------------------------------------------------------------------------------

  private spawn(call: number, request: SpawnRequest): Answer | null {
    const started: Promise<StartedProcess> = this.isLocal(request.host)
      ? this.relations.startLocal(request)
      : this.spawnChild(this.childOrder(request, false));
    // The program knows the PID before it hears of the end of the process.
    const told = (): void => void started.then((process) => process.told());
    return this.later(
      call,
      started.then(({ pid }) => pid),
      told,
    );
  }

  private async spawnChild(order: ChildOrder): Promise<StartedProcess> {
    const { pid, ended, told } = await this.children.start(order, this.options.inputs.where());
    if (ended === null) await this.relations.adopt(pid, order.link !== null);
    else if (order.link !== null) this.relations.childLinked(pid, order.link);
    return { pid, told };
  }

  private exec(call: number, request: SpawnRequest): Answer | null {
    if (!this.isLocal(request.host)) {
      return this.later(call, this.execChild(this.childOrder(request, true)));
    }
    return this.later(call, this.relations.execLocal(request).then(valueOrThrow));
  }

  private async execChild(order: ChildOrder): Promise<Value> {
    const { pid, ended, told } = await this.children.start(order, this.options.inputs.where());
    told();
    return valueOrThrow(await (ended ?? this.relations.endOf(pid)));
  }

  private isLocal(host: string): boolean {
    return this.options.data.app.localHosts.includes(host);
  }

  private childOrder(request: SpawnRequest, silent: boolean): ChildOrder {
    const { app } = this.options.data;
    const worker = workerOf(app, request.host);
    if (worker === undefined) {
      const known = [...Object.keys(app.workers), ...app.localHosts].join(', ');
      throw new PerdureError(
        ErrorKind.NOT_FOUND,
        `host not found: ${request.host}; the app has ${known}`,
      );
    }
    const workflow = workflowOfEntry(app, request.entry);
    const link = request.link ? this.relations.newLink() : null;
    return { ...request, workflow, worker, silent, link };
  }

  private ownWorkerOrder(request: Extract<HostRequest, { op: 'workflow_exec' }>): ChildOrder {
    const workflow = workflowOfEntry(this.options.data.app, request.entry);
    const { values, context, options } = request;
    const { worker } = workflow;
    return {
      workflow,
      worker,
      values,
      context,
      options,
      name: null,
      messages: [],
      link: null,
      silent: true,
    };
  }

  // --- the rest ---------------------------------------------------------------------------------

  private setAttributes(
    call: number,
    search: { readonly [name: string]: Value },
    memo: { readonly [name: string]: Value },
  ): Answer | null {
    if (this.attributes.ready(search)) {
      this.attributes.set(search, memo);
      return answered(true);
    }
    const prepared = this.attributes.prepare(search).then(() => {
      this.attributes.set(search, memo);
      return true;
    });
    return this.later(call, prepared);
  }

  /** The answer, at once where it is there. */
  private soon(call: number, answer: Value | Promise<Value>): Answer | null {
    return answer instanceof Promise ? this.later(call, answer) : answered(answer);
  }

  /** The answer of `call` comes when `work` settles. `then` is called after a good one. */
  private later(call: number, work: Promise<Value>, then: () => void = () => {}): null {
    const { inputs } = this.options;
    work.then(
      (value) => {
        this.aborts.delete(call);
        inputs.answer(call, answered(value ?? null));
        then();
      },
      (thrown: unknown) => {
        this.aborts.delete(call);
        inputs.answer(call, refused(fromFailure(thrown)));
      },
    );
    return null;
  }
}

function answered(value: Value): Answer {
  return value === null ? DONE : { value, ok: true, error: null };
}

/** What a process that ended has returned. @throws its error. */
function valueOrThrow({ value, error }: ExitResult): Value {
  if (error !== null) throw error;
  return value;
}

function refused(error: PerdureError): Answer {
  return { value: null, ok: false, error };
}

function noNames(kind: ErrorKind, what: string): PerdureError {
  return new PerdureError(kind, `${what}: names belong to a node and a workflow to none; use PIDs`);
}

function outsideOnly(what: string): PerdureError {
  return new PerdureError(
    ErrorKind.INVALID,
    `a workflow has no ${what}: do it in a function and call that as an activity`,
  );
}
