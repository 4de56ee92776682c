/**
 * Child workflows. Their ends always come as EXIT (docs/semantics.md, rule 9), unless the parent asked
 * not to hear of one any more; a linked child's failure comes as LINK_DOWN too.
 */
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import {
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  startChild,
  uuid4,
  type Workflow,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import { formatPid, type Pid } from '../../../core/pid.js';
import type { Context, ExitResult, Signal } from '../../../core/signal.js';
import type { Options, StartupMessage } from '../../../kernel/request.js';
import type { WorkflowData } from './app-data.js';
import { fromFailure } from './failures.js';
import type { OutgoingHeaders } from './headers.js';
import { sdkRetryPolicy } from './options.js';
import type { Outstanding } from './outstanding.js';
import { encodeArgs } from './payload-converter.js';
import type { SandboxData } from './sandbox-app.js';
import { attributeTypeOf, attributeValue } from './search-attributes.js';
import { shielded } from './shield.js';
import { SOURCE_MEMO } from './wire.js';
import { conflictPolicyOf, readWorkflowOptions, type WorkflowOptions } from './workflow-options.js';

export interface ChildOrder {
  readonly workflow: WorkflowData;
  /** Id of the worker that is to run it: the host part of its PID. */
  readonly worker: string;
  readonly values: readonly Value[];
  readonly name: string | null;
  readonly messages: readonly StartupMessage[];
  readonly context: Context;
  readonly options: Options;
  readonly link: boolean;
  /** Whether its end goes to the parent's events; a child that is waited for gives it to the caller alone. */
  readonly silent: boolean;
}

interface Child {
  monitored: boolean;
  linked: boolean;
}

export interface StartedChild {
  readonly pid: Pid;
  /** `null` where a workflow that runs already was taken: it is not a child of this one. */
  readonly ended: Promise<ExitResult> | null;
}

export class Children {
  private readonly children = new Map<Pid, Child>();

  constructor(
    private readonly data: SandboxData,
    private readonly parent: Pid,
    private readonly headers: OutgoingHeaders,
    private readonly outstanding: Outstanding,
    private readonly deliver: (signal: Signal) => void,
  ) {}

  /** Resolves once the server has started it. Rejects with a PerdureError. */
  async start(order: ChildOrder, summary: string | null): Promise<StartedChild> {
    const options = readWorkflowOptions(order.options);
    const id = options.id ?? order.name;
    const useExisting = conflictPolicyOf(options, id !== null) === 'use_existing';
    refuseClientOnly(options);
    const workflowId = id ?? uuid4();
    const pid = formatPid(order.worker, workflowId);
    const args = encodeArgs(order.values, 'argument');
    const { context, messages } = order;
    this.headers.attach(args, { pid, context, parent: this.parent, messages });
    const sdkOptions = this.sdkOptions(order, options, workflowId);
    try {
      const handle = await this.outstanding.add(
        shielded(() =>
          startChild<Workflow>(order.workflow.type, {
            ...sdkOptions,
            args,
            ...(summary !== null && { staticSummary: summary }),
          }),
        ),
      );
      return { pid, ended: this.watch(pid, handle, order) };
    } catch (thrown) {
      const error = fromFailure(thrown);
      if (useExisting && error.kind === ErrorKind.ALREADY_EXISTS) return { pid, ended: null };
      throw error;
    }
  }

  has(pid: Pid): boolean {
    return this.children.has(pid);
  }

  /** Turns EXIT of a child on or off again. */
  monitor(pid: Pid, on: boolean): void {
    const child = this.children.get(pid);
    if (child !== undefined) child.monitored = on;
  }

  link(pid: Pid, on: boolean): void {
    const child = this.children.get(pid);
    if (child !== undefined) child.linked = on;
  }

  private async watch(
    pid: Pid,
    handle: ChildWorkflowHandle<Workflow>,
    order: ChildOrder,
  ): Promise<ExitResult> {
    const child: Child = { monitored: !order.silent, linked: order.link };
    this.children.set(pid, child);
    let result: ExitResult;
    try {
      result = { value: ((await handle.result()) ?? null) as Value, error: null };
    } catch (thrown) {
      result = { value: null, error: fromFailure(thrown) };
    }
    this.children.delete(pid);
    if (child.monitored) this.deliver({ kind: 'exit', from: pid, result });
    if (child.linked && result.error !== null) {
      this.deliver({ kind: 'link_down', from: pid, result });
    }
    return result;
  }

  private sdkOptions(order: ChildOrder, options: WorkflowOptions, workflowId: string) {
    const { workflow, worker } = order;
    return {
      workflowId,
      taskQueue: options.taskQueue ?? this.data.app.workers[worker] ?? '',
      memo: { ...options.memo, [SOURCE_MEMO]: workflow.source.hash },
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
      ...typedAttributes(options),
    };
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

function typedAttributes(options: WorkflowOptions) {
  const names = Object.keys(options.searchAttributes);
  if (names.length === 0) return {};
  const typedSearchAttributes = names.map((name) => {
    const value = options.searchAttributes[name] ?? null;
    const type = attributeTypeOf(name, value);
    return { key: { name, type }, value: attributeValue(name, value, type) };
  });
  // biome-ignore lint/suspicious/noExplicitAny: the SDK ties key and value by a type that only constants have
  return { typedSearchAttributes: typedSearchAttributes as any };
}

/** What only a client can ask for, a workflow's own commands cannot. */
function refuseClientOnly(options: WorkflowOptions): void {
  const refused =
    options.conflictPolicy === 'terminate_existing'
      ? 'temporal.workflow.id_conflict_policy = "terminate_existing"'
      : options.startDelayMs !== undefined
        ? 'temporal.workflow.start_delay'
        : options.eagerStart
          ? 'temporal.workflow.enable_eager_start'
          : options.namespace !== undefined
            ? 'temporal.workflow.namespace'
            : null;
  if (refused === null) return;
  throw new PerdureError(
    ErrorKind.INVALID,
    `${refused} cannot be used for a child workflow; start it from a function or a local process`,
  );
}
