/** Calls to the server about one workflow: signals, cancel, terminate, describe. */
import { randomUUID } from 'node:crypto';
import type { temporal } from '@temporalio/proto';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import type { Pid } from '../../core/pid.js';
import type { TemporalClient } from './client.js';
import { remoteError } from './remote-error.js';
import type { AppData } from './workflow/app-data.js';
import { writeHeader } from './workflow/headers.js';
import { encodeArgs } from './workflow/payload-converter.js';
import {
  type CancelNote,
  type LinkNote,
  OwnSignal,
  type SignalHeader,
  SOURCE_MEMO,
} from './workflow/wire.js';

export type Description = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;

/** Every method throws a PerdureError: NOT_FOUND where no such workflow is running. */
export class WorkflowCalls {
  constructor(
    private readonly client: TemporalClient,
    private readonly identity: string,
  ) {}

  async signal(
    workflowId: string,
    name: string,
    values: readonly Value[],
    header: SignalHeader,
    /** One id for all attempts of this call: a repeated request is not a second signal. */
    requestId: string = randomUUID(),
  ): Promise<void> {
    const { service, namespace, identity } = this;
    const payloads = encodeArgs(values, 'payload').map((arg) => arg.payload);
    await this.about(workflowId, () =>
      service.signalWorkflowExecution({
        namespace,
        workflowExecution: { workflowId },
        signalName: name,
        input: { payloads },
        header: { fields: writeHeader(header) },
        requestId,
        identity,
      }),
    );
  }

  /**
   * Tells the workflow `pid` of a link. @returns the id of its present run.
   * @throws PerdureError NOT_FOUND where it is closed, INVALID where it is not one of perdure.
   */
  async link(
    app: AppData,
    pid: Pid,
    workflowId: string,
    note: LinkNote,
    requestId: string = randomUUID(),
  ): Promise<string> {
    const description = await this.describe(workflowId);
    checkLinkable(app, pid, description);
    const header = { from: note.from, context: null };
    const values = [note as unknown as Value];
    await this.signal(workflowId, OwnSignal.LINK, values, header, requestId);
    return description.workflowExecutionInfo?.execution?.runId ?? '';
  }

  /**
   * Asks a workflow to cancel. The server keeps the first request only, so a later one goes as a signal.
   */
  async cancel(workflowId: string, note: CancelNote): Promise<void> {
    const { service, namespace, identity } = this;
    const description = await this.describe(workflowId);
    if (!isOpen(description)) throw notFound(workflowId);
    if (description.workflowExtendedInfo?.cancelRequested) {
      const header = { from: note.from, context: null };
      return this.signal(workflowId, OwnSignal.CANCEL, [{ ...note }], header);
    }
    await this.about(workflowId, () =>
      service.requestCancelWorkflowExecution({
        namespace,
        workflowExecution: { workflowId },
        reason: JSON.stringify(note),
        requestId: randomUUID(),
        identity,
      }),
    );
  }

  async terminate(workflowId: string, reason: string | null): Promise<void> {
    const { service, namespace, identity } = this;
    await this.about(workflowId, () =>
      service.terminateWorkflowExecution({
        namespace,
        workflowExecution: { workflowId },
        reason: reason ?? '',
        identity,
      }),
    );
  }

  async describe(workflowId: string): Promise<Description> {
    const { service, namespace } = this;
    return this.about(workflowId, () =>
      service.describeWorkflowExecution({ namespace, execution: { workflowId } }),
    );
  }

  private get service() {
    return this.client.connection.workflowService;
  }

  private get namespace(): string {
    return this.client.namespace;
  }

  private async about<T>(workflowId: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (thrown) {
      const error = remoteError(thrown);
      throw error.kind === ErrorKind.NOT_FOUND ? notFound(workflowId, thrown) : error;
    }
  }
}

/** Number of WORKFLOW_EXECUTION_STATUS_RUNNING. */
const RUNNING = 1;

/** Whether workflows of a type are processes: those of the TypeScript SDK are not. */
const isProcess = (app: AppData, type: string): boolean =>
  app.workflows.some((w) => w.type === type && w.source !== null);

/** @throws PerdureError NOT_FOUND where it is closed, INVALID where it is not a workflow of perdure. */
function checkLinkable(app: AppData, pid: Pid, description: Description): void {
  const { type, memo } = description.workflowExecutionInfo ?? {};
  const name = type?.name ?? '';
  const ours = memo?.fields?.[SOURCE_MEMO] != null || isProcess(app, name);
  if (!ours) {
    throw new PerdureError(
      ErrorKind.INVALID,
      `${pid} is of type ${name}, which is not a workflow of perdure: it can be monitored, not linked`,
    );
  }
  if (isOpen(description)) return;
  throw new PerdureError(ErrorKind.NOT_FOUND, `process not found: ${pid} is closed`);
}

export function isOpen(description: Description): boolean {
  return description.workflowExecutionInfo?.status === RUNNING;
}

function notFound(workflowId: string, cause?: unknown): PerdureError {
  return new PerdureError(
    ErrorKind.NOT_FOUND,
    `process not found: no workflow ${workflowId} is running`,
    { cause },
  );
}
