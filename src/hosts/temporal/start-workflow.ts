/** Starting a workflow from outside: a spawn as a request of the protocol. */
import { randomUUID } from 'node:crypto';
import { compileRetryPolicy, type Payload, TypedSearchAttributes } from '@temporalio/common';
import { encodeUnifiedSearchAttributes } from '@temporalio/common/lib/converter/payload-search-attributes.js';
import { msOptionalToTs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import type { Value } from '../../core/payload.js';
import { formatPid, type Pid } from '../../core/pid.js';
import type { SpawnOrder } from '../../runtime/host.js';
import type { AttributeRegistry, AttributeTypes } from './attribute-registry.js';
import type { TemporalClient } from './client.js';
import { grpcCode, remoteError } from './remote-error.js';
import type { WorkflowData } from './workflow/app-data.js';
import { alreadyStarted } from './workflow/failures.js';
import { writeHeader } from './workflow/headers.js';
import { encodeMemo } from './workflow/memo.js';
import { checkName, sdkRetryPolicy } from './workflow/options.js';
import { encodeArg, encodeArgs } from './workflow/payload-converter.js';
import { sourceMemo } from './workflow/sandbox-app.js';
import { attributeTypeOf, typedAttribute } from './workflow/search-attributes.js';
import { OwnSignal, type StartNote } from './workflow/wire.js';
import {
  type ConflictPolicy,
  checkNamespace,
  conflictPolicyOf,
  type ReusePolicy,
  readWorkflowOptions,
  type WorkflowOptions,
} from './workflow/workflow-options.js';

type StartRequest = temporal.api.workflowservice.v1.IStartWorkflowExecutionRequest;

/** Policies by their numbers in the protocol. */
const CONFLICT: { readonly [K in ConflictPolicy]: number } = {
  fail: 1,
  use_existing: 2,
  terminate_existing: 3,
};
const REUSE: { readonly [K in ReusePolicy]: number } = {
  allow_duplicate: 1,
  allow_duplicate_failed_only: 2,
  reject_duplicate: 3,
};

const ALREADY_EXISTS = 6;

export interface StarterOptions {
  /** Registry id of the worker: the host part of the PIDs. */
  readonly worker: string;
  readonly client: TemporalClient;
  readonly taskQueue: string;
  /** Task queues of the app's workers, by their ids. */
  readonly workers: { readonly [id: string]: string };
  readonly identity: string;
  readonly attributes: AttributeRegistry;
}

type Order = Pick<SpawnOrder, 'values' | 'messages' | 'context' | 'parent'>;

/** Which workflow is started, and where. */
interface Target {
  readonly worker: string;
  readonly taskQueue: string;
  readonly workflowId: string;
  /** Nobody has given the id: a clash is a mistake. */
  readonly madeUp: boolean;
  readonly requestId: string;
}

export interface Started {
  readonly pid: Pid;
  /** False where a workflow with that id was running already. */
  readonly fresh: boolean;
}

export class WorkflowStarter {
  constructor(private readonly options: StarterOptions) {}

  /** @throws PerdureError INVALID for bad options, ALREADY_EXISTS, and what else the server says. */
  start(workflow: WorkflowData, order: SpawnOrder): Promise<Started> {
    if (order.name !== null) checkName(order.name);
    const options = readWorkflowOptions(order.options);
    const given = options.id ?? order.name;
    return this.request(workflow, order, options, {
      worker: this.options.worker,
      taskQueue: this.options.taskQueue,
      workflowId: given ?? `${workflow.type}/${randomUUID()}`,
      madeUp: given === null,
      requestId: randomUUID(),
    });
  }

  /** Starts what a workflow asked for and could not start itself. Throws as {@link start} does. */
  startFor(workflow: WorkflowData, note: StartNote): Promise<Started> {
    const { worker, workflow_id: workflowId, made_up: madeUp, request_id: requestId } = note;
    const taskQueue = this.options.workers[worker] ?? this.options.taskQueue;
    const target = { worker, taskQueue, workflowId, madeUp, requestId };
    return this.request(workflow, note, readWorkflowOptions(note.options), target);
  }

  private async request(
    workflow: WorkflowData,
    order: Order,
    options: WorkflowOptions,
    target: Target,
  ): Promise<Started> {
    const { worker, workflowId, madeUp } = target;
    checkNamespace(options, worker, this.options.client.namespace);
    const pid = formatPid(worker, workflowId);
    const conflict = conflictPolicyOf(options, !madeUp);
    const bySignal = order.messages.length > 0 && conflict !== 'fail';
    const { context, parent, messages } = order;
    const header = bySignal ? { pid, context, parent } : { pid, context, parent, messages };
    const request: StartRequest = {
      ...(await this.common(workflow, options, order.values, target)),
      workflowIdConflictPolicy: CONFLICT[conflict],
      header: { fields: writeHeader(header) },
    };
    try {
      const fresh = bySignal
        ? await this.withSignal(request, order)
        : await this.plain(request, options.eagerStart);
      return { pid, fresh };
    } catch (thrown) {
      throw grpcCode(thrown) === ALREADY_EXISTS ? alreadyStarted(workflowId) : remoteError(thrown);
    }
  }

  /**
   * An eager start goes over the workers' own connection, which hands the first task to a worker of this
   * program where one has room, and asks for none else. The server may decline.
   */
  private async plain(request: StartRequest, eager: boolean): Promise<boolean> {
    const { client } = this.options;
    const service = eager ? (await client.native()).workflowService : this.service;
    const more = eager && { requestEagerExecution: true };
    return (await service.startWorkflowExecution({ ...request, ...more })).started;
  }

  private async withSignal(request: StartRequest, order: Order): Promise<boolean> {
    const batch = order.messages.map(({ topic, values }) => ({ topic, values: [...values] }));
    const payloads = [encodeArg(batch as unknown as Value, 'messages').payload];
    const answer = await this.service.signalWithStartWorkflowExecution({
      ...request,
      signalName: OwnSignal.BATCH,
      signalInput: { payloads },
    });
    return answer.started;
  }

  private async common(
    workflow: WorkflowData,
    options: WorkflowOptions,
    values: readonly Value[],
    { taskQueue, workflowId, requestId }: Target,
  ): Promise<StartRequest> {
    const { client, identity } = this.options;
    const payloads = encodeArgs(values, 'argument').map((arg) => arg.payload);
    const { retryPolicy, reusePolicy, cronSchedule } = options;
    return {
      namespace: client.namespace,
      workflowType: { name: workflow.type },
      taskQueue: { name: options.taskQueue ?? taskQueue },
      input: { payloads },
      identity,
      workflowId,
      requestId,
      ...(reusePolicy !== undefined && { workflowIdReusePolicy: REUSE[reusePolicy] }),
      ...(retryPolicy !== undefined && {
        retryPolicy: compileRetryPolicy(sdkRetryPolicy(retryPolicy)),
      }),
      ...(cronSchedule !== undefined && { cronSchedule }),
      workflowExecutionTimeout: msOptionalToTs(options.executionTimeoutMs) ?? null,
      workflowRunTimeout: msOptionalToTs(options.runTimeoutMs) ?? null,
      workflowTaskTimeout: msOptionalToTs(options.taskTimeoutMs) ?? null,
      workflowStartDelay: msOptionalToTs(options.startDelayMs) ?? null,
      memo: { fields: memoFields({ ...options.memo, ...sourceMemo(workflow) }) },
      searchAttributes: { indexedFields: await this.searchAttributes(options) },
    };
  }

  private async searchAttributes(options: WorkflowOptions): Promise<Record<string, Payload>> {
    const entries = Object.entries(options.searchAttributes);
    if (entries.length === 0) return {};
    const wanted: AttributeTypes = Object.fromEntries(
      entries.map(([name, value]) => [name, attributeTypeOf(name, value)]),
    );
    const types = await this.options.attributes.ensure(wanted);
    const pairs = entries.map(([name, value]) =>
      typedAttribute(name, value, types[name] ?? 'KEYWORD'),
    );
    // biome-ignore lint/suspicious/noExplicitAny: the SDK ties key and value by a type that only constants have
    return encodeUnifiedSearchAttributes(undefined, new TypedSearchAttributes(pairs as any));
  }

  private get service() {
    return this.options.client.connection.workflowService;
  }
}

function memoFields(memo: { readonly [name: string]: Value }): Record<string, Payload> {
  const fields = Object.entries(encodeMemo(memo));
  return Object.fromEntries(fields.map(([name, { payload }]) => [name, payload]));
}
