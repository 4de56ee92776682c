/**
 * A supervisor as the program of a process: it does what `strategy.ts` decides. What it hears of its
 * children, its timers and its spawns come to its one task as inputs, in order.
 *
 * 1. It owns its children: whatever ends it, none that lives on this node outlives it. Durable ones go on.
 * 2. A request for its children is answered once: by its decisions, or with UNAVAILABLE when it ends.
 * 3. It traps links. The failure of the process that spawned it, where the two are linked, ends it with
 *    that error after its children; other links only tell it.
 */
import { formatDuration } from '../../core/duration.js';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Message } from '../../core/message.js';
import type { Value } from '../../core/payload.js';
import { isPid, type Pid } from '../../core/pid.js';
import type { Delivery, ProcessEvent, Signal } from '../../core/signal.js';
import { Channel } from '../../kernel/channel.js';
import type { Kernel } from '../../kernel/kernel.js';
import {
  type Answer,
  PREEMPTED,
  type Program,
  type Step,
  type Task,
  WAITING,
} from '../../kernel/program.js';
import type { Selected } from '../../kernel/request.js';
import type { NodeEvent } from '../../runtime/events.js';
import type { MaybePromise } from '../../runtime/host.js';
import {
  type ChildInfo,
  type ChildSpec,
  initialState,
  type SupervisorAction,
  type SupervisorInput,
  type SupervisorSpec,
  type SupervisorState,
  type Supervisors,
  type SupervisorView,
  simpleRefusal,
  stepSupervisor,
} from '../../runtime/supervisor/index.js';
import { ChildSpecs } from './child-specs.js';
import {
  LiveView,
  type Restarts,
  type Supervised,
  type Told,
  type Untold,
} from './supervisor-view.js';

/** What a supervisor needs of its node, beside its kernel. */
export interface SupervisorPort {
  readonly supervisors: Supervisors;
  deliver(pid: Pid, signal: Signal): MaybePromise<Delivery>;
  /** Who spawned `pid`; `null` where that was no process. */
  parentOf(pid: Pid): Pid | null;
  publish(event: NodeEvent): void;
  /** The child of supervisor `entry` that was asked for. @throws PerdureError INVALID, NOT_FOUND. */
  newChild(entry: string, child: unknown): ChildSpec;
}

/** A supervisor tells the one above it that its children are up. */
const UP = '@up';

/** So many children may start, or end, before other processes have their turn. */
const INPUTS_A_TURN = 50;

const REASON = 'its supervisor stops it';

export class SupervisorProgram implements Program, Task, Supervised {
  private readonly inputs = new Channel(Number.POSITIVE_INFINITY);
  state: SupervisorState;
  private outcome: Step | null = null;
  private readonly byPid = new Map<Pid, { readonly child: number; readonly run: number }>();
  private readonly timers = new Map<number, number>();
  readonly restarts = new Map<number, Restarts>();
  readonly specs: ChildSpecs;
  private readonly view: SupervisorView = new LiveView(this);
  private readonly asked = new Map<number, Told>();
  private lastTicket = 0;

  constructor(
    readonly kernel: Kernel,
    spec: SupervisorSpec,
    private readonly port: SupervisorPort,
  ) {
    this.specs = new ChildSpecs(spec);
    this.state = initialState(this.specs.rules);
  }

  start(): Task {
    this.kernel.flags = { ...this.kernel.flags, trapLinks: true };
    this.inputs.offer({ kind: 'start' } satisfies SupervisorInput);
    void this.kernel.mailbox.events; // Asked for from the beginning: a CANCEL is heard.
    this.port.supervisors.add(this.kernel.pid, this.view);
    return this;
  }

  close(): void {
    this.port.supervisors.remove(this.kernel.pid);
    const reason = 'its supervisor has ended';
    for (const [pid, { child }] of this.byPid) {
      if (this.specs.at(child).durable) continue;
      void this.port.deliver(pid, { kind: 'terminate', from: this.kernel.pid, reason });
    }
    this.byPid.clear();
    for (const told of this.asked.values()) told(null, hasEnded(this.kernel.entry));
    this.asked.clear();
  }

  resume(answer: Answer | null): Step {
    const { inbox, events } = this.kernel.mailbox;
    const cases = [this.inputs, events, inbox].map((channel) => channel.caseReceive());
    let next = answer;
    for (let heard = 0; ; heard++) {
      if (next !== null) this.hear(next.value as Selected);
      if (this.outcome !== null) return this.outcome;
      if (heard === INPUTS_A_TURN) return PREEMPTED;
      next = this.kernel.perform({ op: 'select', cases, orElse: false });
      if (next === null) return WAITING;
    }
  }

  where(): string | null {
    return null;
  }

  // --- what it hears ----------------------------------------------------------------------------

  private hear({ channel, value }: Selected): void {
    if (channel === this.inputs) this.take(value as SupervisorInput);
    else if (channel === this.kernel.mailbox.inbox) this.read(value as Message);
    else this.notice(value as ProcessEvent);
  }

  private notice(event: ProcessEvent): void {
    switch (event.kind) {
      case 'EXIT':
        this.exited(event.from, event.result.error);
        break;
      case 'CANCEL': {
        const withinMs = (event.deadline ?? Number.POSITIVE_INFINITY) - this.kernel.now();
        this.take({ kind: 'stop', withinMs, error: null });
        break;
      }
      case 'LINK_DOWN': {
        if (event.from !== this.port.parentOf(this.kernel.pid)) return;
        const { error } = event.result;
        this.take({ kind: 'stop', withinMs: Number.POSITIVE_INFINITY, error });
      }
    }
  }

  private exited(pid: Pid, error: PerdureError | null): void {
    const known = this.byPid.get(pid);
    if (known === undefined) return;
    this.forget(pid, known.child);
    this.take({ kind: 'exited', ...known, error });
  }

  private read({ from, topic, values }: Message): void {
    if (topic === UP && from !== null) {
      const known = this.byPid.get(from);
      if (known !== undefined) this.take({ kind: 'started', ...known, pid: from });
    } else if (topic === 'which_children' && from !== null) {
      this.reply(from, topic, this.view.children().map(toValue));
    } else if (topic === 'count_children' && from !== null) {
      this.reply(from, topic, { ...this.view.counts() });
    } else if (topic === 'start_child' && from !== null) {
      this.add(
        this.specs.template === null ? (values[0] ?? null) : values,
        this.replies(from, topic),
      );
    } else if (isRequest(topic) && from !== null) {
      this.ask({ op: topic, of: String(values[0]) }, this.replies(from, topic));
    } else {
      this.kernel.syscalls.log(
        'warn',
        `supervisor ${this.kernel.entry} read an unexpected message`,
        {
          topic,
          ...(from !== null && { from }),
          ...(values[0] !== undefined && { payload: values[0] }),
        },
      );
    }
  }

  private reply(target: Pid, topic: string, ...values: Value[]): void {
    this.kernel.begin({ op: 'send', target, topic, values }, () => {});
  }

  /** The PID of the child, or `true`; else `nil` and the error. */
  private replies(target: Pid, topic: string): Told {
    return (pid, error) => {
      if (error === null) this.reply(target, topic, pid ?? true);
      else this.reply(target, topic, null, error.toData() as unknown as Value);
    };
  }

  // --- what it is asked ---------------------------------------------------------------------------

  /** `child` as it was asked for: with a template, further arguments. */
  add(child: Value | readonly Value[], told: Told): void {
    let spec: ChildSpec;
    try {
      spec = this.newChild(child);
    } catch (thrown) {
      told(null, PerdureError.from(thrown));
      return;
    }
    this.ask({ op: 'start_child', child: this.specs.add(spec) }, told);
  }

  private newChild(child: unknown): ChildSpec {
    const { specs, port, kernel } = this;
    return specs.template === null
      ? port.newChild(kernel.entry, child)
      : specs.likeTemplate(specs.template, child);
  }

  ask(request: Untold, told: Told): void {
    if (this.kernel.result !== null) {
      told(null, hasEnded(this.kernel.entry));
      return;
    }
    if (this.specs.template !== null && request.op === 'terminate_child' && !isPid(request.of)) {
      told(null, simpleRefusal(request.op));
      return;
    }
    const ticket = ++this.lastTicket;
    this.asked.set(ticket, told);
    this.later({ kind: 'ask', request: { ...request, ticket } });
  }

  private answer({ ticket, pid, error }: SupervisorAction & { kind: 'answer' }): void {
    const told = this.asked.get(ticket);
    this.asked.delete(ticket);
    told?.(pid, error);
  }

  // --- what it does -----------------------------------------------------------------------------

  private take(input: SupervisorInput): void {
    const before = this.state.phase.kind;
    const { state, actions } = stepSupervisor(
      this.specs.rules,
      this.state,
      input,
      this.kernel.now(),
    );
    this.state = state;
    for (const action of actions) this.act(action);
    // One without children is up in its first step.
    if ((before === 'starting' || before === 'idle') && state.phase.kind === 'up') {
      this.port.supervisors.up(this.kernel.pid);
    }
  }

  private act(action: SupervisorAction): void {
    switch (action.kind) {
      case 'start':
        this.spawn(action.child, action.run);
        break;
      case 'arm':
        this.arm(action);
        break;
      case 'cancel':
        this.cancel(action);
        break;
      case 'terminate':
        this.terminate(action.pid);
        break;
      case 'leave':
        this.forget(action.pid, action.child);
        this.kernel.begin({ op: 'unmonitor', pid: action.pid }, () => {});
        break;
      case 'note_restart':
        this.noteRestart(action);
        break;
      case 'answer':
        this.answer(action);
        break;
      case 'forget':
        this.restarts.delete(action.child);
        this.specs.forget(action.child);
        break;
      case 'end':
        this.outcome =
          action.error === null
            ? { kind: 'done', value: null }
            : { kind: 'failed', error: action.error };
    }
  }

  private arm({ child, run, ms }: SupervisorAction & { kind: 'arm' }): void {
    const timer = this.kernel.startTimer(ms, () => this.later({ kind: 'timer', child, run }));
    this.timers.set(child, timer);
  }

  private cancel({ pid, withinMs }: SupervisorAction & { kind: 'cancel' }): void {
    const deadlineMs = Number.isFinite(withinMs) ? withinMs : null;
    const cancel = { op: 'cancel', pid, reason: REASON, deadlineMs, stopping: true } as const;
    this.kernel.begin(cancel, () => {}); // What does not arrive is for the timer to notice.
  }

  private spawn(child: number, run: number): void {
    const { entry, host, values, name, durable } = this.specs.at(child);
    const failed = (error: PerdureError) => this.later({ kind: 'start_failed', child, run, error });
    const begin = () => {
      const { context } = this.kernel;
      const bound = { messages: [], options: {}, monitor: false, link: false };
      const order = { entry, host, values, name, context, ...bound };
      this.kernel.begin({ op: 'spawn', spawn: order }, ({ value, error }) => {
        if (error === null) this.spawned(value as Pid, child, run);
        else failed(error);
      });
    };
    // A name that is taken would give somebody else's process; a durable one is this child, adopted.
    if (name === null || durable) {
      begin();
      return;
    }
    this.kernel.begin({ op: 'lookup', name }, ({ value, error }) => {
      if (error === null) failed(nameTaken(name, value as Pid));
      else begin();
    });
  }

  private spawned(pid: Pid, child: number, run: number): void {
    this.byPid.set(pid, { child, run });
    const nested = this.specs.at(child).kind === 'supervisor';
    this.later({ kind: nested ? 'spawned' : 'started', child, run, pid });
    this.kernel.begin({ op: 'monitor', pid }, ({ error }) => {
      if (error === null) return;
      this.forget(pid, child);
      this.later({ kind: 'exited', child, run, error });
    });
    if (nested) {
      this.port.supervisors.whenUp(pid, () => {
        const up = { kind: 'message', from: pid, topic: UP, values: [], context: null } as const;
        void this.port.deliver(this.kernel.pid, up);
      });
    }
  }

  private terminate(pid: Pid): void {
    this.kernel.begin({ op: 'terminate', pid, reason: REASON }, ({ error }) => {
      const known = this.byPid.get(pid);
      // One that is gone already has its EXIT on the way; one that cannot be reached is given up.
      if (error === null || error.kind === ErrorKind.NOT_FOUND || known === undefined) return;
      this.forget(pid, known.child);
      this.later({ kind: 'exited', ...known, error });
    });
  }

  private noteRestart(action: SupervisorAction & { kind: 'note_restart' }): void {
    const { child, error, count } = action;
    const restarts = (this.restarts.get(child)?.restarts ?? 0) + 1;
    this.restarts.set(child, { restarts, lastError: error });
    const { pid: supervisor, entry } = this.kernel;
    const { intensity, periodMs } = this.specs.rules;
    const budget = `${count} of ${intensity} within ${formatDuration(periodMs)}`;
    const at = this.kernel.now();
    const { id } = this.specs.at(child);
    this.port.publish({ kind: 'restarted', supervisor, entry, child: id, error, budget, at });
  }

  /** An input for the task, also where the kernel calls back between two turns. */
  private later(input: SupervisorInput): void {
    this.inputs.offer(input);
  }

  /** The process is no child any more. */
  private forget(pid: Pid, child: number): void {
    this.byPid.delete(pid);
    const timer = this.timers.get(child);
    if (timer === undefined) return;
    this.timers.delete(child);
    this.kernel.cancelTimer(timer);
  }
}

const isRequest = (topic: string): topic is 'terminate_child' | 'restart_child' | 'delete_child' =>
  topic === 'terminate_child' || topic === 'restart_child' || topic === 'delete_child';

function hasEnded(entry: string): PerdureError {
  return new PerdureError(ErrorKind.UNAVAILABLE, `supervisor ${entry} has ended`);
}

function toValue({ lastError, ...child }: ChildInfo): Value {
  return { ...child, last_error: lastError === null ? null : lastError.text };
}

function nameTaken(name: string, owner: Pid): PerdureError {
  return new PerdureError(ErrorKind.ALREADY_EXISTS, `name ${name} is taken by ${owner}`);
}
