/** Watches: lasting activities that end as another workflow ends, whichever node looks after them. */
import type { Value } from '../../../core/payload.js';
import type { ExitResult } from '../../../core/signal.js';
import type { Activities } from './activities.js';
import { HEARTBEAT_MS } from './app-data.js';
import { fromFailure } from './failures.js';
import type { SandboxData } from './sandbox-app.js';
import { OwnActivity, type WatchNote } from './wire.js';

/**
 * A watch whose node has died is only late, so it is heartbeaten less often than a lease: so many times its
 * heartbeat time.
 */
const PATIENCE = 3;

export interface Watch {
  /** Afterwards it tells nothing. */
  cancel(): void;
}

export class Watches {
  constructor(
    private readonly data: SandboxData,
    private readonly activities: Activities,
  ) {}

  /** @param runId the run to begin with; `null`: the present one. */
  open(workflowId: string, runId: string | null, onEnd: (result: ExitResult) => void): Watch {
    const note: WatchNote = { workflow_id: workflowId, run_id: runId };
    const { heartbeatMs = HEARTBEAT_MS } = this.data.app;
    const activity = this.activities.lasting(OwnActivity.WATCH, note as unknown as Value, {
      heartbeatMs: PATIENCE * heartbeatMs,
    });
    let cancelled = false;
    const end = (result: ExitResult): void => {
      if (!cancelled) onEnd(result);
    };
    activity.result.then(
      (value) => end({ value: value ?? null, error: null }),
      (thrown: unknown) => end({ value: null, error: fromFailure(thrown) }),
    );
    return {
      cancel(): void {
        if (cancelled) return;
        cancelled = true;
        activity.cancel();
      },
    };
  }
}
