/** Starting a workflow from outside: a spawn as a request of the protocol. */
import { randomUUID } from 'node:crypto';
import { compileRetryPolicy, type Payload, TypedSearchAttributes } from '@temporalio/common';
import { encodeUnifiedSearchAttributes } from '@temporalio/common/lib/converter/payload-search-attributes.js';
import { msOptionalToTs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import { formatPid, type Pid } from '../../core/pid.js';
import type { SpawnOrder } from '../../runtime/host.js';
import type { AttributeRegistry, AttributeTypes } from './attribute-registry.js';
import type { TemporalClient } from './client.js';
import { grpcCode, remoteError } from './remote-error.js';
import type { WorkflowData } from './workflow/app-data.js';
import { alreadyStarted } from './workflow/failures.js';
import { writeHeader } from './workflow/headers.js';
import { sdkRetryPolicy } from './workflow/options.js';
import { encodeArg, encodeArgs } from './workflow/payload-converter.js';
import { attributeTypeOf, attributeValue } from './workflow/search-attributes.js';
import { OwnSignal, SOURCE_MEMO } from './workflow/wire.js';
import {
  type ConflictPolicy,
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
  readonly identity: string;
  readonly attributes: AttributeRegistry;
}

export interface Started {
  readonly pid: Pid;
  /** False where a workflow with that id was running already. */
  readonly fresh: boolean;
}

export class WorkflowStarter {
  constructor(private readonly options: StarterOptions) {}

  /** @throws PerdureError INVALID for bad options, ALREADY_EXISTS, and what else the server says. */
  async start(workflow: WorkflowData, order: SpawnOrder): Promise<Started> {
    const options = readWorkflowOptions(order.options);
    this.check(options);
    const given = options.id ?? order.name;
    const workflowId = given ?? `${workflow.type}/${randomUUID()}`;
    const pid = formatPid(this.options.worker, workflowId);
    const conflict = conflictPolicyOf(options, given !== null);
    const bySignal = order.messages.length > 0 && conflict !== 'fail';
    const { context, parent, messages } = order;
    const header = bySignal ? { pid, context, parent } : { pid, context, parent, messages };
    const request: StartRequest = {
      ...(await this.common(workflow, options, order.values)),
      workflowId,
      workflowIdConflictPolicy: CONFLICT[conflict],
      header: { fields: writeHeader(header) },
    };
    try {
      const fresh = bySignal ? await this.withSignal(request, order) : await this.plain(request);
      return { pid, fresh };
    } catch (thrown) {
      throw grpcCode(thrown) === ALREADY_EXISTS ? alreadyStarted(workflowId) : remoteError(thrown);
    }
  }

  private async plain(request: StartRequest): Promise<boolean> {
    const answer = await this.service.startWorkflowExecution(request);
    return answer.started;
  }

  private async withSignal(request: StartRequest, order: SpawnOrder): Promise<boolean> {
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
  ): Promise<StartRequest> {
    const { client, taskQueue, identity } = this.options;
    const payloads = encodeArgs(values, 'argument').map((arg) => arg.payload);
    const { retryPolicy, reusePolicy, cronSchedule } = options;
    return {
      namespace: client.namespace,
      workflowType: { name: workflow.type },
      taskQueue: { name: options.taskQueue ?? taskQueue },
      input: { payloads },
      identity,
      requestId: randomUUID(),
      ...(reusePolicy !== undefined && { workflowIdReusePolicy: REUSE[reusePolicy] }),
      ...(retryPolicy !== undefined && {
        retryPolicy: compileRetryPolicy(sdkRetryPolicy(retryPolicy)),
      }),
      ...(cronSchedule !== undefined && { cronSchedule }),
      workflowExecutionTimeout: msOptionalToTs(options.executionTimeoutMs) ?? null,
      workflowRunTimeout: msOptionalToTs(options.runTimeoutMs) ?? null,
      workflowTaskTimeout: msOptionalToTs(options.taskTimeoutMs) ?? null,
      workflowStartDelay: msOptionalToTs(options.startDelayMs) ?? null,
      memo: { fields: memoFields(workflow, options) },
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
    const pairs = entries.map(([name, value]) => {
      const type = types[name] ?? 'KEYWORD';
      return { key: { name, type }, value: attributeValue(name, value, type) };
    });
    // biome-ignore lint/suspicious/noExplicitAny: the SDK ties key and value by a type that only constants have
    return encodeUnifiedSearchAttributes(undefined, new TypedSearchAttributes(pairs as any));
  }

  private check(options: WorkflowOptions): void {
    if (options.cronSchedule !== undefined && options.startDelayMs !== undefined) {
      throw new PerdureError(
        ErrorKind.INVALID,
        'temporal.workflow.cron_schedule and temporal.workflow.start_delay exclude each other',
      );
    }
    const { namespace } = this.options.client;
    if (options.namespace !== undefined && options.namespace !== namespace) {
      throw new PerdureError(
        ErrorKind.INVALID,
        `temporal.workflow.namespace is "${options.namespace}", and ${this.options.worker} works in ` +
          `"${namespace}": spawn on a worker of a client of that namespace`,
      );
    }
  }

  private get service() {
    return this.options.client.connection.workflowService;
  }
}

function memoFields(workflow: WorkflowData, options: WorkflowOptions): Record<string, Payload> {
  const memo = { ...options.memo, [SOURCE_MEMO]: workflow.source.hash };
  return Object.fromEntries(
    Object.entries(memo).map(([name, value]) => [name, encodeArg(value, `memo.${name}`).payload]),
  );
}
