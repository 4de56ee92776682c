/**
 * A workflow as a process: the kernel, its program, and the order in which things reach them.
 *
 * Invariants:
 * 1. `main` first runs until it waits; then startup messages and signals go in one at a time, in history
 *    order, the process running until it is idle after each.
 * 2. The run ends by a result or by an ApplicationFailure, never by another error, which would make the
 *    server try the same task for ever.
 * 3. Updates go in like signals, and in the first task after them.
 * 4. It ends, or goes on as another run, only when what it sent is with the server, or the wait for that has taken too long.
 */
import type { Headers } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import { formatPid } from '../../../core/pid.js';
import { EMPTY_CONTEXT, type ExitResult, type Signal } from '../../../core/signal.js';
import { Kernel } from '../../../kernel/kernel.js';
import { Budget } from '../../../lua/engine.js';
import { Use } from '../../../lua/module.js';
import { Answers } from './answers.js';
import type { WorkflowData } from './app-data.js';
import { CancelReasons } from './cancel-reasons.js';
import { carriedFromValue } from './carried.js';
import { newEngine } from './engine.js';
import { toFailure } from './failures.js';
import { Gate } from './gate.js';
import { OutgoingHeaders, readHeader } from './headers.js';
import { HistoryLimits } from './history-limits.js';
import { type Inbound, toInbound } from './inbound.js';
import { LocalGate } from './local-gate.js';
import { sinks } from './logs.js';
import { encodeArg } from './payload-converter.js';
import { type SandboxData, sandboxData, workflowOfEntry, workflowOfType } from './sandbox-app.js';
import { type ReadStartHeader, signalHeader, startHeader } from './shapes.js';
import { type Inputs, WorkflowSyscalls } from './syscalls.js';
import { continuation, type Input, Upgrade } from './upgrade.js';
import type { Notice, StartHeader } from './wire.js';

/** Turns of tasks between two waits; more is a loop that never ends. */
const TURN_LIMIT = 50_000;

/**
 * VM instructions in one activation, all turns together: about a second. Meanwhile every other workflow
 * of the thread waits, and after its time limit the SDK stops the activation and tries it again for ever.
 */
const INSTRUCTION_LIMIT = 20_000_000;

/** How long a run that has ended waits for what it sent to be with the server. */
const CLOSING_LIMIT_MS = 10_000;

interface Running {
  readonly kernel: Kernel;
  readonly syscalls: WorkflowSyscalls;
  readonly workflow: WorkflowData;
  /** What this run was started with, for one that goes on for it. */
  readonly values: readonly Value[];
  readonly header: Omit<StartHeader, 'messages' | 'carried'>;
  /** While it is decided whether this run goes on as another one. */
  upgrade: Upgrade | null;
  /** What was done about the server's suggestion to go on as another run. */
  suggestion:
    | { readonly kind: 'open' | 'followed' }
    | { readonly kind: 'failed'; readonly task: number };
  readonly answers: Answers;
}

export class WorkflowProcess {
  readonly headers = new OutgoingHeaders();
  readonly cancelReasons = new CancelReasons();
  readonly gate = new Gate();
  readonly localGate = new LocalGate();
  /** Signals that came in the first task, before `main` has run. */
  private readonly early: Inbound[] = [];
  private readonly budget = new Budget(INSTRUCTION_LIMIT);
  private running: Running | null = null;
  private stepping = false;
  /** `main`, startup messages and the signals of the first task have been: updates may come. */
  private begun = false;
  private readonly limits = new HistoryLimits();
  private finish: ((end: () => Promise<unknown>) => void) | null = null;

  /** Begins an activation. */
  activate(): void {
    this.budget.renew();
    const warning = this.limits.warning(workflowInfo());
    if (warning !== null) log(warning);
  }

  /** The whole life of the workflow: its result, or a failure that ends the run. */
  async run(values: readonly Value[], headers: Headers): Promise<unknown> {
    const ended = new Promise<() => Promise<unknown>>((resolve) => {
      this.finish = resolve;
    });
    this.start(values, startHeader(readHeader(headers)));
    const end = await ended;
    return end();
  }

  /** A signal of the history, in its order. */
  receive(name: string, args: readonly Value[], headers: Headers): void {
    const { signals, malformed } = toInbound(name, args, signalHeader(readHeader(headers)));
    if (malformed > 0) logMalformed(`signal ${name}`, malformed);
    for (const signal of signals) this.deliver(signal);
  }

  private start(values: readonly Value[], header: ReadStartHeader): void {
    const data = sandboxData();
    const workflow = this.workflow(data);
    const pid = header.pid ?? formatPid(data.worker, workflowInfo().workflowId);
    const syscalls = new WorkflowSyscalls({
      data,
      pid,
      entry: workflow.entry,
      headers: this.headers,
      cancelReasons: this.cancelReasons,
      gate: this.gate,
      inputs: this.inputs(),
    });
    const context = header.context ?? EMPTY_CONTEXT;
    const { entry } = workflow;
    const kernel = new Kernel({ pid, entry, context, syscalls, keepsProgram: true });
    const leaving = () => this.running?.upgrade != null;
    const answers = new Answers(kernel, this.budget, { step: () => this.step(), leaving });
    const parent = header.parent ?? null;
    const repeats = repeatsItsStart();
    const carried = repeats ? null : carriedFromValue(header.carried);
    const own = { pid, context, parent };
    this.running = {
      kernel,
      syscalls,
      answers,
      workflow,
      values,
      header: own,
      upgrade: null,
      suggestion: { kind: 'open' },
    };
    if (header.link !== undefined && parent !== null) {
      const note = { from: parent, ids: [header.link], seen: null };
      syscalls.relations.receive({ kind: 'link', note });
    }
    if (carried !== null) {
      kernel.inherit(carried.estate);
      syscalls.relations.restore(carried.relations);
    }
    this.open(kernel, workflow, values);
    this.step();
    const { batch, malformed } = header.messages;
    const bad = malformed + (carried?.malformed ?? 0);
    if (bad > 0) logMalformed('start header', bad);
    for (const { topic, values: items } of repeats ? [] : batch) {
      this.deliver({ kind: 'message', from: parent, topic, values: items, context: null });
    }
    for (const signal of carried?.signals ?? []) this.deliver(signal);
    for (const signal of this.early.splice(0)) this.deliver(signal);
    this.begun = true;
    answers.announce();
  }

  private open(kernel: Kernel, { source }: WorkflowData, values: readonly Value[]): void {
    try {
      if (source === null) throw new Error('a workflow of the TypeScript SDK is no process');
      const program = newEngine().open({
        source,
        use: Use.WORKFLOW,
        kernel,
        budget: this.budget,
        slice: null,
      });
      kernel.start(program, values);
    } catch (thrown) {
      kernel.end({ value: null, error: PerdureError.from(thrown) });
    }
  }

  private workflow(data: SandboxData): WorkflowData {
    const { workflowType, taskQueue } = workflowInfo();
    const found = workflowOfType(data, workflowType);
    if (found !== undefined) return found;
    // A plain error: the task is tried again, so that a worker of a newer version of the app can take it.
    throw new Error(`no workflow entry of type ${workflowType}, which came on queue ${taskQueue}`);
  }

  private inputs(): Inputs {
    const kernel = (): Kernel | undefined => this.running?.kernel;
    return {
      fire: (timer) => this.input((k) => k.fire(timer)),
      answer: (call, answer) => this.input((k) => k.answer(call, answer)),
      deliver: (signal) => this.deliver(signal),
      upgrade: (call, entry, values) => this.beginUpgrade(call, entry, values),
      where: () => kernel()?.where() ?? null,
      refuses: (what) => kernel()?.refuses(what) ?? false,
      get ended() {
        return kernel()?.result != null;
      },
    };
  }

  private deliver(signal: Inbound): void {
    if (this.running === null) this.early.push(signal);
    else if ('note' in signal) this.relate(this.running, signal);
    else this.input((kernel) => kernel.deliver(signal), signal);
  }

  /** One that has ended has no relations any more; its end is told by whoever watches it. */
  private relate({ kernel, syscalls }: Running, notice: Notice): void {
    if (kernel.result === null) syscalls.relations.receive(notice);
  }

  private input(give: Input['give'], signal: Signal | null = null): void {
    if (this.running === null) return;
    const { kernel, upgrade } = this.running;
    if (upgrade !== null) {
      upgrade.hold({ give, signal });
      return;
    }
    give(kernel);
    this.step();
  }

  /** Runs the process until it is idle. Inputs that come from inside a turn wait for that turn's step. */
  private step(): void {
    const { running } = this;
    if (running === null || this.stepping) return;
    const { kernel } = running;
    this.stepping = true;
    try {
      if (kernel.run(TURN_LIMIT)) kernel.end({ value: null, error: endless() });
    } catch (thrown) {
      kernel.end({ value: null, error: PerdureError.from(thrown) });
    }
    this.stepping = false;
    if (this.begun) running.answers.announce();
    if (kernel.result !== null) this.close(running, kernel.result);
    else this.followSuggestion(running);
  }

  private close(running: Running, result: ExitResult): void {
    const { finish } = this;
    this.finish = null;
    if (finish === null) return;
    const end = () => outcome(result);
    const { outstanding } = running.syscalls;
    if (outstanding.idle) finish(end);
    else {
      void outstanding.settled(CLOSING_LIMIT_MS).then(() => {
        running.syscalls.giveUp();
        finish(end);
      });
    }
  }

  // --- another run ------------------------------------------------------------------------------

  /** @throws PerdureError NOT_FOUND or INVALID for an entry that is no workflow. */
  private beginUpgrade(call: number | null, entry: string, values: readonly Value[]): void {
    const { running } = this;
    if (running === null) return;
    if (hasSchedule()) throw scheduled();
    const target = workflowOfEntry(sandboxData().app, entry);
    if (target.source === null) throw notAProcess(entry);
    const upgrade = new Upgrade(call, target, values);
    running.upgrade = upgrade;
    running.kernel.pauseTurns();
    const { outstanding } = running.syscalls;
    void outstanding.settled(CLOSING_LIMIT_MS).then(() => this.decideUpgrade(running, upgrade));
  }

  private decideUpgrade(running: Running, upgrade: Upgrade): void {
    const { kernel, syscalls, header } = running;
    const carried = {
      estate: kernel.estate(),
      signals: upgrade.signals,
      relations: syscalls.relations.snapshot(),
    };
    try {
      const end = continuation(sandboxData(), this.headers, upgrade, header, carried);
      kernel.end({ value: null, error: null });
      this.finish?.(end);
    } catch (thrown) {
      this.goOn(running, upgrade, PerdureError.from(thrown));
    }
  }

  /** The old program goes on as if it had not asked, but for the answer. */
  private goOn(running: Running, upgrade: Upgrade, error: PerdureError): void {
    const { call, held } = upgrade;
    running.upgrade = null;
    // Less may be unread in a later task.
    running.suggestion = { kind: 'failed', task: workflowInfo().historyLength };
    running.kernel.resumeTurns();
    if (call === null) log(`it cannot go on as a new run by itself: ${error.text}`);
    else this.input((kernel) => kernel.answer(call, { value: null, ok: false, error }));
    for (const { give, signal } of held) this.input(give, signal);
  }

  /** Docs/semantics.md, rule 10: what happens when the server says that the history is long. */
  private followSuggestion(running: Running): void {
    const { kernel, syscalls, workflow, values, suggestion, upgrade } = running;
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    if (!continueAsNewSuggested || upgrade !== null || suggestion.kind === 'followed') return;
    if (suggestion.kind === 'failed' && suggestion.task === historyLength) return;
    if (kernel.flags.upgradable) {
      running.suggestion = { kind: 'followed' };
      this.deliver({ kind: 'outdated', from: null });
      return;
    }
    const auto = workflow.continueAsNew === 'auto' && !hasSchedule();
    if (auto && kernel.atRest && !syscalls.relations.childDependsOnRun) {
      running.suggestion = { kind: 'followed' };
      this.beginUpgrade(null, workflow.entry, values);
    }
  }
}

/** The server does not give the schedule of a run to one that goes on for it. */
function hasSchedule(): boolean {
  const { cronSchedule } = workflowInfo();
  return cronSchedule !== undefined && cronSchedule !== '';
}

function scheduled(): PerdureError {
  return new PerdureError(
    ErrorKind.INVALID,
    'process.upgrade: a workflow with a cron schedule would lose it; each run of the schedule starts anew',
  );
}

/** The end of a run as the SDK takes it. */
async function outcome({ value, error }: ExitResult): Promise<unknown> {
  if (error !== null) throw toFailure(error, error.retryable === false);
  try {
    return encodeArg(value, 'result');
  } catch (thrown) {
    throw toFailure(PerdureError.from(thrown), true);
  }
}

/**
 * Whether this run has the header of an earlier run of its chain: a retry, or a cron run after the first.
 * Told by what stands in the history, so that a run that was reset answers as it did.
 */
function repeatsItsStart(): boolean {
  const { attempt, cronSchedule, continuedFromExecutionRunId } = workflowInfo();
  return attempt > 1 || (cronSchedule !== undefined && continuedFromExecutionRunId !== undefined);
}

function logMalformed(where: string, count: number): void {
  log(`${where}: ${count} malformed, dropped: this is not what perdure sends`);
}

function log(text: string): void {
  const { workflowId, workflowType } = workflowInfo();
  sinks().log('warn', text, null, formatPid(sandboxData().worker, workflowId), workflowType);
}

function endless(): PerdureError {
  return new PerdureError(
    ErrorKind.INTERNAL,
    `the workflow took ${TURN_LIMIT} turns without waiting for anything outside: a loop that never ends`,
  );
}

function notAProcess(entry: string): PerdureError {
  return new PerdureError(
    ErrorKind.INVALID,
    `process.upgrade: ${entry} is a workflow of the TypeScript SDK, which cannot take over a mailbox`,
  );
}
