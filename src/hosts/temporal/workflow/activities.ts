/** Calls of functions from a workflow: activities, ordinary and local. */
import type { RawValue } from '@temporalio/common';
import {
  ActivityCancellationType,
  scheduleActivity,
  scheduleLocalActivity,
} from '@temporalio/workflow';
import type { Value } from '../../../core/payload.js';
import type { Pid } from '../../../core/pid.js';
import type { CallRequest } from '../../../kernel/request.js';
import { type ActivityCallOptions, readActivityOptions } from './activity-options.js';
import type { ActivityData } from './app-data.js';
import type { OutgoingHeaders } from './headers.js';
import { sdkRetryPolicy } from './options.js';
import { encodeArgs } from './payload-converter.js';
import { activityOfEntry, type SandboxData } from './sandbox-app.js';
import { type Cancellable, cancellable } from './shield.js';
import type { OwnActivity } from './wire.js';

/** The server wants a limit for every activity. Ten years. */
const FOR_EVER_MS = 10 * 365 * 24 * 60 * 60 * 1000;

export interface LastingOptions {
  readonly heartbeatMs: number;
  readonly scheduleToStartMs?: number;
  /** Default: the workflow's own. */
  readonly taskQueue?: string;
  /** Default: any number. */
  readonly attempts?: number;
}

export class Activities {
  constructor(
    private readonly data: SandboxData,
    private readonly pid: Pid,
    private readonly headers: OutgoingHeaders,
  ) {}

  /** @throws PerdureError NOT_FOUND or INVALID, before anything is scheduled. */
  call(request: CallRequest, summary: string | null): Cancellable<Value> {
    const activity = activityOfEntry(this.data.app, request.entry);
    const options = readActivityOptions(request.options, activity.options);
    const args = encodeArgs(request.values, 'argument');
    this.headers.attach(args, {
      parent: this.pid,
      context: request.context,
      options: request.options,
      retries: options.retryPolicy !== undefined,
    });
    return cancellable(() =>
      activity.local
        ? this.callLocal(activity, options, args, summary)
        : this.callRemote(activity, options, args, summary),
    );
  }

  /** An activity of perdure itself, on a worker of the workflow's own task queue or on `taskQueue`. */
  own(
    type: OwnActivity,
    arg: Value,
    options: { attempts?: number; taskQueue?: string; scheduleToStartMs?: number },
  ): Promise<Value> {
    const { attempts, taskQueue, scheduleToStartMs = 60_000 } = options;
    return cancellable(() =>
      scheduleActivity<Value>(type, encodeArgs([arg], type), {
        startToCloseTimeout: 30_000,
        scheduleToStartTimeout: scheduleToStartMs,
        ...(taskQueue !== undefined && { taskQueue }),
        ...(attempts !== undefined && { retry: { maximumAttempts: attempts } }),
      }),
    ).result;
  }

  /** An activity that lasts as long as what it stands for, {@link isLasting}. */
  lasting(type: OwnActivity, arg: Value, options: LastingOptions): Cancellable<Value> {
    const { heartbeatMs, scheduleToStartMs, taskQueue, attempts } = options;
    return cancellable(() =>
      scheduleActivity<Value>(type, encodeArgs([arg], type), {
        startToCloseTimeout: FOR_EVER_MS,
        heartbeatTimeout: heartbeatMs,
        ...(scheduleToStartMs !== undefined && { scheduleToStartTimeout: scheduleToStartMs }),
        ...(taskQueue !== undefined && { taskQueue }),
        ...(attempts !== undefined && { retry: { maximumAttempts: attempts } }),
      }),
    );
  }

  /** A local activity of perdure itself. */
  ownLocal(type: OwnActivity, arg: Value): Promise<Value> {
    return cancellable(() =>
      scheduleLocalActivity<Value>(type, encodeArgs([arg], type), {
        startToCloseTimeout: 10_000,
        retry: { maximumAttempts: 5 },
      }),
    ).result;
  }

  private callRemote(
    activity: ActivityData,
    options: ActivityCallOptions,
    args: RawValue[],
    summary: string | null,
  ): Promise<Value> {
    return scheduleActivity<Value>(activity.type, args, {
      ...commonOptions(options, summary),
      taskQueue: options.taskQueue ?? this.data.app.workers[activity.worker] ?? '',
      allowEagerDispatch: !options.disableEagerExecution,
      ...(options.id !== undefined && { activityId: options.id }),
      ...(options.heartbeatTimeoutMs !== undefined && {
        heartbeatTimeout: options.heartbeatTimeoutMs,
      }),
    });
  }

  private callLocal(
    activity: ActivityData,
    options: ActivityCallOptions,
    args: RawValue[],
    summary: string | null,
  ): Promise<Value> {
    return scheduleLocalActivity<Value>(activity.type, args, commonOptions(options, summary));
  }
}

function commonOptions(options: ActivityCallOptions, summary: string | null) {
  return {
    startToCloseTimeout: options.startToCloseTimeoutMs,
    ...(options.scheduleToCloseTimeoutMs !== undefined && {
      scheduleToCloseTimeout: options.scheduleToCloseTimeoutMs,
    }),
    ...(options.scheduleToStartTimeoutMs !== undefined && {
      scheduleToStartTimeout: options.scheduleToStartTimeoutMs,
    }),
    ...(options.retryPolicy !== undefined && { retry: sdkRetryPolicy(options.retryPolicy) }),
    cancellationType: options.waitForCancellation
      ? ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
      : ActivityCancellationType.TRY_CANCEL,
    ...(summary !== null && { summary }),
  };
}
