/**
 * Watches workflows for their end: one long poll a workflow, however many wait for it, which follows
 * continue-as-new, retries and cron runs to the end of the chain.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { defaultFailureConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { ExitResult } from '../../core/signal.js';
import { terminated } from '../../kernel/endings.js';
import type { TemporalClient } from './client.js';
import { remoteError } from './remote-error.js';
import { fromFailure } from './workflow/failures.js';
import { decodePayload, payloadConverter } from './workflow/payload-converter.js';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Number of HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT. */
const CLOSE_EVENT = 2;

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;

export class ExitWatcher {
  private readonly watches = new Map<string, AbortController>();

  constructor(
    private readonly client: TemporalClient,
    private readonly onExit: (workflowId: string, result: ExitResult) => void,
  ) {}

  /** Reports the end of `workflowId` once; a second call while it is watched changes nothing. */
  watch(workflowId: string): void {
    if (this.watches.has(workflowId)) return;
    const abort = new AbortController();
    this.watches.set(workflowId, abort);
    void this.follow(workflowId, abort);
  }

  unwatch(workflowId: string): void {
    this.watches.get(workflowId)?.abort();
    this.watches.delete(workflowId);
  }

  close(): void {
    for (const abort of this.watches.values()) abort.abort();
    this.watches.clear();
  }

  /** How a workflow that has closed ended. @throws PerdureError NOT_FOUND where it is not retained. */
  async resultOf(workflowId: string): Promise<ExitResult> {
    return this.chain(workflowId, new AbortController().signal);
  }

  private async follow(workflowId: string, abort: AbortController): Promise<void> {
    const result = await this.outcome(workflowId, abort.signal);
    if (abort.signal.aborted) return;
    this.watches.delete(workflowId);
    this.onExit(workflowId, result);
  }

  /** Tries until there is an outcome: a server that is away for a while is no exit of its workflows. */
  private async outcome(workflowId: string, signal: AbortSignal): Promise<ExitResult> {
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(2 * wait, LAST_RETRY_MS)) {
      try {
        return await this.chain(workflowId, signal);
      } catch (thrown) {
        const error = remoteError(thrown);
        if (signal.aborted || error.kind === ErrorKind.NOT_FOUND) return { value: null, error };
        await delay(wait);
      }
    }
  }

  /** The end of the last run of the chain that starts with the newest run of the id. */
  private async chain(workflowId: string, signal: AbortSignal): Promise<ExitResult> {
    let runId = '';
    for (;;) {
      const end = await this.endOfRun(workflowId, runId, signal);
      const next = nextRunId(end);
      if (next === '') return toResult(end);
      runId = next;
    }
  }

  private async endOfRun(
    workflowId: string,
    runId: string,
    signal: AbortSignal,
  ): Promise<HistoryEvent> {
    const { connection, namespace } = this.client;
    let nextPageToken: Uint8Array = new Uint8Array(0);
    for (;;) {
      const answer = await connection.withAbortSignal(signal, () =>
        connection.workflowService.getWorkflowExecutionHistory({
          namespace,
          execution: { workflowId, runId },
          waitNewEvent: true,
          historyEventFilterType: CLOSE_EVENT,
          skipArchival: true,
          nextPageToken,
        }),
      );
      const event = answer.history?.events?.at(-1);
      if (event != null) return event;
      nextPageToken = answer.nextPageToken ?? new Uint8Array(0);
    }
  }
}

/** The run that goes on where this one ended; '' where none does. */
function nextRunId(event: HistoryEvent): string {
  return (
    event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ||
    event.workflowExecutionCompletedEventAttributes?.newExecutionRunId ||
    event.workflowExecutionFailedEventAttributes?.newExecutionRunId ||
    event.workflowExecutionTimedOutEventAttributes?.newExecutionRunId ||
    ''
  );
}

function toResult(event: HistoryEvent): ExitResult {
  const completed = event.workflowExecutionCompletedEventAttributes;
  if (completed != null) {
    return { value: decodePayload(completed.result?.payloads?.[0]), error: null };
  }
  return { value: null, error: toError(event) };
}

function toError(event: HistoryEvent): PerdureError {
  const failed = event.workflowExecutionFailedEventAttributes;
  if (failed?.failure != null) {
    return fromFailure(defaultFailureConverter.failureToError(failed.failure, payloadConverter));
  }
  if (event.workflowExecutionTimedOutEventAttributes != null) {
    return new PerdureError(ErrorKind.TIMEOUT, 'workflow execution timed out');
  }
  const stopped = event.workflowExecutionTerminatedEventAttributes;
  if (stopped != null) return terminated(stopped.reason || null);
  if (event.workflowExecutionCanceledEventAttributes != null) {
    return new PerdureError(ErrorKind.CANCELED, 'workflow canceled');
  }
  return new PerdureError(ErrorKind.UNKNOWN, 'the workflow ended in a way that is not known here');
}
