/**
 * An activity that goes on after its function has returned, so that it holds no place in the worker: it is
 * heartbeaten and completed by calls with its task token.
 *
 * Invariants:
 * 1. It is heartbeaten from {@link AsyncTask.begin} until it ends; after its end it makes no call.
 * 2. Exactly one of these ends it: what it answers itself, `onCancel`, `onLost`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ErrorKind, type PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import type { TemporalClient } from './client.js';
import { remoteError, toProtoFailure } from './remote-error.js';
import { encodeArg } from './workflow/payload-converter.js';

/** Heartbeats within one heartbeat timeout. */
const BEATS = 3;

/** How long an answer is tried again while the server is away; then the heartbeat timeout speaks for it. */
const ANSWER_TRIES = 6;
const ANSWER_RETRY_MS = 200;

export interface AsyncTaskOptions {
  readonly client: TemporalClient;
  readonly identity: string;
  readonly taskToken: Uint8Array;
  readonly heartbeatMs: number;
  /** The workflow does not want it any more. */
  readonly onCancel: () => void;
  /** The server does not know it any more: its workflow has ended, or its time was up. */
  readonly onLost: () => void;
}

export class AsyncTask {
  private timer: NodeJS.Timeout | null = null;
  private ended = false;
  private details: Value = null;

  constructor(private readonly options: AsyncTaskOptions) {}

  begin(): void {
    const { heartbeatMs } = this.options;
    this.timer = setInterval(() => void this.beat(), heartbeatMs / BEATS);
    this.timer.unref();
  }

  /** What a later attempt finds: sent at once, and with each heartbeat from now on. */
  note(details: Value): void {
    this.details = details;
    void this.beat();
  }

  async complete(value: Value): Promise<void> {
    if (!this.end()) return;
    const { namespace, workflowService, call } = this.parts();
    const result = { payloads: [encodeArg(value, 'result').payload] };
    await this.answer(() =>
      workflowService.respondActivityTaskCompleted({ namespace, ...call, result }),
    );
  }

  /** @param final whether the retry policy must not try again. */
  async fail(error: PerdureError, final: boolean): Promise<void> {
    if (!this.end()) return;
    const { namespace, workflowService, call } = this.parts();
    const failure = toProtoFailure(error, final);
    await this.answer(() =>
      workflowService.respondActivityTaskFailed({ namespace, ...call, failure }),
    );
  }

  private end(): boolean {
    if (this.ended) return false;
    this.ended = true;
    if (this.timer !== null) clearInterval(this.timer);
    return true;
  }

  private async beat(): Promise<void> {
    if (this.ended) return;
    const { namespace, workflowService, call } = this.parts();
    const details = { payloads: [encodeArg(this.details, 'details').payload] };
    try {
      const answer = await workflowService.recordActivityTaskHeartbeat({
        namespace,
        ...call,
        details,
      });
      if (answer.cancelRequested && this.end()) {
        this.options.onCancel();
        await this.answer(() =>
          workflowService.respondActivityTaskCanceled({ namespace, ...call }),
        );
      }
    } catch (thrown) {
      // A server that is away is tried again by the next beat.
      if (remoteError(thrown).kind === ErrorKind.NOT_FOUND && this.end()) this.options.onLost();
    }
  }

  private async answer(respond: () => Promise<unknown>): Promise<void> {
    for (let left = ANSWER_TRIES; left > 0; left--) {
      try {
        await respond();
        return;
      } catch (thrown) {
        // Nobody waits for the answer any more.
        if (remoteError(thrown).kind === ErrorKind.NOT_FOUND) return;
        await delay(ANSWER_RETRY_MS * 2 ** (ANSWER_TRIES - left), undefined, { ref: false });
      }
    }
  }

  private parts() {
    const { client, identity, taskToken } = this.options;
    const { namespace, connection } = client;
    return {
      namespace,
      workflowService: connection.workflowService,
      call: { taskToken, identity },
    };
  }
}
