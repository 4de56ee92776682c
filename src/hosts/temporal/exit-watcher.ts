/**
 * Watches workflows for their end, which it follows through continue-as-new, retries and cron runs to the
 * end of the chain: one long poll a workflow, however many on this node wait for it, and not too many long
 * polls at a time ({@link PollPool}).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { defaultFailureConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { ExitResult } from '../../core/signal.js';
import { terminated } from '../../kernel/endings.js';
import type { TemporalClient } from './client.js';
import { PollPool } from './poll-pool.js';
import { remoteError } from './remote-error.js';
import { fromFailure } from './workflow/failures.js';
import { decodePayload, payloadConverter } from './workflow/payload-converter.js';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Number of HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT. */
const CLOSE_EVENT = 2;

/** Number of WORKFLOW_EXECUTION_STATUS_RUNNING. */
const RUNNING = 1;

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;

/** Where to follow a workflow from, and who is told how far it got. */
export interface Follow {
  readonly workflowId: string;
  /** '': the newest run. */
  readonly runId: string;
  readonly signal: AbortSignal;
  /** Told of each run that is followed, before it is. */
  readonly onRun?: (runId: string) => void;
}

export class ExitWatcher {
  private readonly watches = new Map<string, AbortController>();

  constructor(
    private readonly client: TemporalClient,
    private readonly onExit: (workflowId: string, result: ExitResult) => void,
    private readonly polls = new PollPool(),
  ) {}

  /** Reports the end of `workflowId` once; a second call while it is watched changes nothing. */
  watch(workflowId: string): void {
    if (this.watches.has(workflowId)) return;
    const abort = new AbortController();
    this.watches.set(workflowId, abort);
    void this.report(workflowId, abort);
  }

  unwatch(workflowId: string): void {
    this.watches.get(workflowId)?.abort();
    this.watches.delete(workflowId);
  }

  close(): void {
    for (const abort of this.watches.values()) abort.abort();
    this.watches.clear();
  }

  /**
   * How a workflow that has closed ended.
   * @param runId the run to begin with. Default: the newest one of the id.
   * @throws PerdureError NOT_FOUND where it is not retained.
   */
  async resultOf(workflowId: string, runId = ''): Promise<ExitResult> {
    const { signal } = new AbortController();
    return this.chain({ workflowId, runId, signal });
  }

  /** How a workflow ends. Tries for as long as it takes: a server that is away is no exit of its workflows. */
  async follow(from: Follow): Promise<ExitResult> {
    let { runId } = from;
    const onRun = (next: string): void => {
      runId = next;
      from.onRun?.(next);
    };
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(2 * wait, LAST_RETRY_MS)) {
      try {
        return await this.chain({ ...from, runId, onRun });
      } catch (thrown) {
        const error = remoteError(thrown);
        if (from.signal.aborted || error.kind === ErrorKind.NOT_FOUND) {
          return { value: null, error };
        }
        await delay(wait, undefined, { ref: false });
      }
    }
  }

  private async report(workflowId: string, { signal }: AbortController): Promise<void> {
    const result = await this.follow({ workflowId, runId: '', signal });
    if (signal.aborted) return;
    this.watches.delete(workflowId);
    this.onExit(workflowId, result);
  }

  /** The end of the last run of the chain. */
  private async chain({ workflowId, runId: first, signal, onRun }: Follow): Promise<ExitResult> {
    let runId = first;
    for (;;) {
      if (runId !== '') onRun?.(runId);
      const run = { workflowId, runId };
      const end = await this.polls.run(
        () => this.isClosed(run),
        signal,
        () => this.endOfRun(run, signal),
      );
      const next = nextRunId(end);
      if (next === '') return toResult(end);
      runId = next;
    }
  }

  private async isClosed(execution: Execution): Promise<boolean> {
    const { connection, namespace } = this.client;
    try {
      const { workflowExecutionInfo } = await connection.workflowService.describeWorkflowExecution({
        namespace,
        execution,
      });
      return workflowExecutionInfo?.status !== RUNNING;
    } catch (thrown) {
      if (remoteError(thrown).kind === ErrorKind.NOT_FOUND) return true;
      throw thrown;
    }
  }

  private async endOfRun(execution: Execution, signal: AbortSignal): Promise<HistoryEvent> {
    const { connection, namespace } = this.client;
    let nextPageToken: Uint8Array = new Uint8Array(0);
    for (;;) {
      const answer = await connection.withAbortSignal(signal, () =>
        connection.workflowService.getWorkflowExecutionHistory({
          namespace,
          execution,
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

interface Execution {
  readonly workflowId: string;
  readonly runId: string;
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
