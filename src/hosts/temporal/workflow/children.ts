/**
 * Child workflows. Their ends always come as EXIT (docs/semantics.md, rule 9), unless the parent asked
 * not to hear of one any more; a linked child's failure comes as LINK_DOWN too.
 *
 * What no command of a workflow can ask for is started by a client, in an activity; so is, or rather found,
 * one whose id runs already. The server knows neither as a child of this one.
 */
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import {
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  startChild,
  uuid4,
  type Workflow,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import { formatPid, type Pid } from '../../../core/pid.js';
import type { Context, ExitResult, Signal } from '../../../core/signal.js';
import { terminated } from '../../../kernel/endings.js';
import type { Options, StartupMessage } from '../../../kernel/request.js';
import type { Activities } from './activities.js';
import type { WorkflowData } from './app-data.js';
import type { Attributes } from './attributes.js';
import { fromFailure, isTermination } from './failures.js';
import type { OutgoingHeaders } from './headers.js';
import { encodeMemo } from './memo.js';
import { checkName, sdkRetryPolicy } from './options.js';
import type { Outstanding } from './outstanding.js';
import { encodeArgs } from './payload-converter.js';
import { type SandboxData, sourceMemo } from './sandbox-app.js';
import { shielded } from './shield.js';
import { type ClosedRun, OwnActivity, type StartNote } from './wire.js';
import {
  checkNamespace,
  clientOnly,
  conflictPolicyOf,
  readWorkflowOptions,
  type WorkflowOptions,
} from './workflow-options.js';

export interface ChildOrder {
  readonly workflow: WorkflowData;
  /** Id of the worker that is to run it: the host part of its PID. */
  readonly worker: string;
  readonly values: readonly Value[];
  readonly name: string | null;
  readonly messages: readonly StartupMessage[];
  readonly context: Context;
  readonly options: Options;
  /** The id of the link to it; `null`: none. */
  readonly link: string | null;
  /** Whether its end goes to the parent's events; a child that is waited for gives it to the caller alone. */
  readonly silent: boolean;
}

interface Child {
  monitored: boolean;
  linked: boolean;
  /** Of the TypeScript SDK: nothing there would hear of a link. */
  readonly script: boolean;
  /** Goes on when the run of its parent closes. */
  readonly abandoned: boolean;
  ended: Promise<ExitResult>;
}

export interface StartedChild {
  readonly pid: Pid;
  /** `null` where it is not a child of this one: it ran already, or a client has started it. */
  readonly ended: Promise<ExitResult> | null;
  /** To be called when its PID is known to the program; its end, which may have come already, waits for that. */
  readonly told: () => void;
}

export interface ChildrenOptions {
  readonly data: SandboxData;
  /** The parent. */
  readonly pid: Pid;
  readonly headers: OutgoingHeaders;
  readonly outstanding: Outstanding;
  readonly activities: Activities;
  readonly attributes: Attributes;
  readonly deliver: (signal: Signal) => void;
}

export class Children {
  /** Told of each child that has ended. */
  onEnd: (pid: Pid) => void = () => {};
  private readonly children = new Map<Pid, Child>();

  constructor(private readonly options: ChildrenOptions) {}

  /** Resolves once the server has started it. Rejects with a PerdureError. */
  async start(order: ChildOrder, summary: string | null): Promise<StartedChild> {
    const options = readWorkflowOptions(order.options);
    checkNamespace(options, order.worker, workflowInfo().namespace);
    const given = options.id ?? order.name;
    if (order.name !== null) checkName(order.name);
    const byClient = clientOnly(options);
    if (byClient !== undefined) {
      checkNoChild(options, byClient);
      return this.startByClient(order, given);
    }
    return this.startChild(order, options, given, summary);
  }

  private async startChild(
    order: ChildOrder,
    options: WorkflowOptions,
    given: string | null,
    summary: string | null,
  ): Promise<StartedChild> {
    const { headers, pid: parent, outstanding } = this.options;
    const useExisting = conflictPolicyOf(options, given !== null) === 'use_existing';
    const workflowId = given ?? uuid4();
    const pid = formatPid(order.worker, workflowId);
    const args = encodeArgs(order.values, 'argument');
    const { context, messages, link } = order;
    if (link !== null && order.workflow.source === null) throw notLinkable(pid);
    headers.attach(args, {
      ...{ pid, context, parent, messages },
      ...(link !== null && { link }),
    });
    const sdkOptions = this.sdkOptions(order, options, workflowId);
    const search = await this.searchAttributes(options);
    const abandoned = options.parentClosePolicy === 'abandon';
    try {
      const handle = await outstanding.add(
        shielded(() =>
          startChild<Workflow>(order.workflow.type, {
            ...sdkOptions,
            ...search,
            args,
            ...(summary !== null && { staticSummary: summary }),
          }),
        ),
      );
      return this.watch(pid, handle, order, abandoned);
    } catch (thrown) {
      const error = fromFailure(thrown);
      if (!useExisting || error.kind !== ErrorKind.ALREADY_EXISTS) throw error;
      // Children have no such policy. A client has: it finds the one that runs, and gives it the messages.
      return this.startByClient(order, given);
    }
  }

  private async startByClient(order: ChildOrder, given: string | null): Promise<StartedChild> {
    const { activities, outstanding, pid: parent } = this.options;
    const { workflow, worker, values, messages, context, options } = order;
    const note: StartNote = {
      ...{ entry: workflow.entry, worker, values, messages, context, options, parent },
      workflow_id: given ?? uuid4(),
      made_up: given === null,
      request_id: uuid4(),
    };
    const started = activities.own(OwnActivity.START, note as unknown as Value, {});
    await outstanding.add(started);
    return { pid: formatPid(worker, note.workflow_id), ended: null, told: () => {} };
  }

  has(pid: Pid): boolean {
    return this.children.has(pid);
  }

  pids(): Iterable<Pid> {
    return this.children.keys();
  }

  /** Whether some child is ended by the server when this run closes. */
  get dependOnRun(): boolean {
    return [...this.children.values()].some(({ abandoned }) => !abandoned);
  }

  isMonitored(pid: Pid): boolean {
    return this.children.get(pid)?.monitored ?? false;
  }

  /** How a child ends, whoever else hears of it. */
  endOf(pid: Pid): Promise<ExitResult> | undefined {
    return this.children.get(pid)?.ended;
  }

  /** Turns EXIT of a child on or off again. */
  monitor(pid: Pid, on: boolean): void {
    const child = this.children.get(pid);
    if (child !== undefined) child.monitored = on;
  }

  link(pid: Pid, on: boolean): void {
    const child = this.children.get(pid);
    if (child === undefined) return;
    if (on && child.script) throw notLinkable(pid);
    child.linked = on;
  }

  private watch(
    pid: Pid,
    handle: ChildWorkflowHandle<Workflow>,
    order: ChildOrder,
    abandoned: boolean,
  ): StartedChild {
    let told = (): void => {};
    const known = new Promise<void>((resolve) => {
      told = resolve;
    });
    const ended = this.resultOf(handle).then(async (result) => {
      await known;
      return this.ended(pid, child, result);
    });
    const child: Child = {
      monitored: !order.silent,
      linked: order.link !== null,
      script: order.workflow.source === null,
      abandoned,
      ended,
    };
    this.children.set(pid, child);
    return { pid, ended, told };
  }

  private async resultOf(handle: ChildWorkflowHandle<Workflow>): Promise<ExitResult> {
    try {
      return { value: ((await handle.result()) ?? null) as Value, error: null };
    } catch (thrown) {
      const error = isTermination(thrown) ? await this.termination(handle) : fromFailure(thrown);
      return { value: null, error };
    }
  }

  /** A child that was terminated: the event that tells its parent has no reason, its own last one has. */
  private async termination(handle: ChildWorkflowHandle<Workflow>): Promise<PerdureError> {
    const { workflowId, firstExecutionRunId } = handle;
    const run: ClosedRun = { workflow_id: workflowId, run_id: firstExecutionRunId };
    try {
      const order = this.options.activities.own(OwnActivity.FAILURE, run as unknown as Value, {});
      const message = await order;
      if (typeof message === 'string') return new PerdureError(ErrorKind.CANCELED, message);
    } catch {
      // not retained any more, or no worker to ask: it was terminated all the same
    }
    return terminated(null);
  }

  private ended(pid: Pid, child: Child, result: ExitResult): ExitResult {
    this.children.delete(pid);
    this.onEnd(pid);
    const { deliver } = this.options;
    if (child.monitored) deliver({ kind: 'exit', from: pid, result });
    if (child.linked && result.error !== null) {
      deliver({ kind: 'link_down', from: pid, result });
    }
    return result;
  }

  private sdkOptions(order: ChildOrder, options: WorkflowOptions, workflowId: string) {
    const { workflow, worker } = order;
    return {
      workflowId,
      taskQueue: options.taskQueue ?? this.options.data.app.workers[worker] ?? '',
      memo: encodeMemo({ ...options.memo, ...sourceMemo(workflow) }),
      cancellationType: options.waitForCancellation
        ? ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED
        : ChildWorkflowCancellationType.TRY_CANCEL,
      ...(options.executionTimeoutMs !== undefined && {
        workflowExecutionTimeout: options.executionTimeoutMs,
      }),
      ...(options.runTimeoutMs !== undefined && { workflowRunTimeout: options.runTimeoutMs }),
      ...(options.taskTimeoutMs !== undefined && { workflowTaskTimeout: options.taskTimeoutMs }),
      ...(options.retryPolicy !== undefined && { retry: sdkRetryPolicy(options.retryPolicy) }),
      ...(options.cronSchedule !== undefined && { cronSchedule: options.cronSchedule }),
      ...(options.reusePolicy !== undefined && {
        workflowIdReusePolicy: REUSE[options.reusePolicy],
      }),
      ...(options.parentClosePolicy !== undefined && {
        parentClosePolicy: CLOSE[options.parentClosePolicy],
      }),
    };
  }

  /** A child whose attributes the namespace lacks would fail the task of its parent, for ever. */
  private async searchAttributes({ searchAttributes: search }: WorkflowOptions) {
    if (Object.keys(search).length === 0) return {};
    const { attributes } = this.options;
    if (!attributes.ready(search)) await attributes.prepare(search);
    // biome-ignore lint/suspicious/noExplicitAny: the SDK ties key and value by a type that only constants have
    return { typedSearchAttributes: attributes.typed(search) as any };
  }
}

const REUSE = {
  allow_duplicate: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
  allow_duplicate_failed_only: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
  reject_duplicate: WorkflowIdReusePolicy.REJECT_DUPLICATE,
} as const;

const CLOSE = {
  terminate: ParentClosePolicy.TERMINATE,
  abandon: ParentClosePolicy.ABANDON,
  request_cancel: ParentClosePolicy.REQUEST_CANCEL,
} as const;

/** What a parent says of its child means nothing for a workflow that is none. */
function checkNoChild(options: WorkflowOptions, because: string): void {
  const refused =
    options.parentClosePolicy !== undefined && options.parentClosePolicy !== 'abandon'
      ? 'parent_close_policy'
      : options.waitForCancellation
        ? 'wait_for_cancellation'
        : null;
  if (refused === null) return;
  throw new PerdureError(
    ErrorKind.INVALID,
    `temporal.workflow.${refused} does not go with temporal.workflow.${because}: with that the server ` +
      'starts a workflow that is no child; leave one of the two out',
  );
}

function notLinkable(pid: Pid): PerdureError {
  return new PerdureError(
    ErrorKind.INVALID,
    `${pid} is a workflow of the TypeScript SDK: it can be monitored, not linked`,
  );
}
