/**
 * `process.upgrade` in a workflow: continue-as-new. From the call until it is decided the process stands
 * still: no task has a turn, and what comes from outside is held.
 *
 * Invariants:
 * 1. It is decided in the task that closes the run, with all that has come until then; so what the server
 *    makes it read again (it refuses to close a run with unread signals) is in it too.
 * 2. Either the run closes and all that is held goes along, or nothing has happened: the old program goes
 *    on and gets what was held, in its order.
 */
import { makeContinueAsNewFunc, type Workflow, workflowInfo } from '@temporalio/workflow';
import type { Value } from '../../../core/payload.js';
import type { Signal } from '../../../core/signal.js';
import type { Kernel } from '../../../kernel/kernel.js';
import type { WorkflowData } from './app-data.js';
import { type Carried, carriedToValue } from './carried.js';
import { type OutgoingHeaders, writeHeader } from './headers.js';
import { checkBytes, encodeArgs, payloadBytes } from './payload-converter.js';
import { type SandboxData, sourceMemo } from './sandbox-app.js';
import type { StartHeader } from './wire.js';

/** Something from outside. */
export interface Input {
  give(kernel: Kernel): void;
  /** What it is, where the next run has to know. */
  readonly signal: Signal | null;
}

export class Upgrade {
  private readonly inputs: { readonly input: Input; readonly at: number }[] = [];

  constructor(
    /** The call that waits for the answer; `null` where nobody asked. */
    readonly call: number | null,
    readonly target: WorkflowData,
    readonly values: readonly Value[],
  ) {}

  hold(input: Input): void {
    this.inputs.push({ input, at: Date.now() });
  }

  get held(): readonly Input[] {
    return this.inputs.map(({ input }) => input);
  }

  /** The signals among what is held. A deadline goes on from when its signal came. */
  get signals(): readonly Signal[] {
    return this.inputs.flatMap(({ input: { signal }, at }) => {
      if (signal?.kind !== 'cancel' || signal.deadlineMs === null) return signal ?? [];
      const deadlineMs = Math.max(0, signal.deadlineMs - (Date.now() - at));
      return { ...signal, deadlineMs };
    });
  }
}

/**
 * Makes the command, and gives how to issue it: a promise that is rejected with what the SDK takes for it.
 * @throws PerdureError INVALID where arguments and what is carried are more than a payload may have.
 */
export function continuation(
  data: SandboxData,
  headers: OutgoingHeaders,
  { target, values }: Upgrade,
  header: Omit<StartHeader, 'messages' | 'carried'>,
  carried: Carried,
): () => Promise<never> {
  const args = encodeArgs(values, 'argument');
  const fields = writeHeader({ ...header, carried: carriedToValue(carried) });
  const payloads = [...args.map(({ payload }) => payload), ...Object.values(fields)];
  // One limit for both: the server writes them twice, in the last event and in the first one.
  checkBytes(
    payloads.reduce((sum, payload) => sum + payloadBytes(payload), 0),
    'arguments and unread messages',
  );
  const { taskQueue, memo, typedSearchAttributes } = workflowInfo();
  const issue = makeContinueAsNewFunc<Workflow>({
    workflowType: target.type,
    taskQueue:
      target.worker === data.worker ? taskQueue : (data.app.workers[target.worker] ?? taskQueue),
    memo: { ...memo, ...sourceMemo(target) },
    typedSearchAttributes,
  });
  return () => {
    headers.forContinuation(fields);
    return issue(...args);
  };
}
