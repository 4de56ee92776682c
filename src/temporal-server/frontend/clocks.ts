/** ClockService, which only this server has: the clock of one tree of executions moves ahead. */
import type { Engine } from '../engine/engine.js';
import { moveTreeAhead, PATIENCE_MS } from '../engine/tree-clock.js';
import { invalid } from '../errors.js';
import type { Call } from '../grpc/call.js';
import type { Method } from '../grpc/edge.js';
import { durationMs, type temporal, timestamp } from '../proto.js';
import { executionIds } from './requests.js';

interface Request {
  readonly namespace: string;
  readonly execution: temporal.api.common.v1.IWorkflowExecution | null;
  readonly by: Parameters<typeof durationMs>[0];
}

/** Left of the client's time for the answer to reach it. */
const ANSWER_MS = 500;

export function clockMethods(engine: Engine): { [method: string]: Method } {
  return {
    async MoveAhead(request: Request, call: Call) {
      engine.namespaces.get(request.namespace);
      const { workflowId, runId } = executionIds(request.execution);
      const byMs = durationMs(request.by);
      if (!(byMs > 0)) throw invalid('By is not set on request, or not more than nothing.');
      const run = engine.find(request.namespace, workflowId, runId);
      const patienceMs = Math.min(PATIENCE_MS, call.deadlineMs - performance.now() - ANSWER_MS);
      const { nowMs, moved } = await moveTreeAhead(engine, run, {
        byMs,
        patienceMs,
        isGone: () => call.gone,
      });
      return { now: timestamp(nowMs), moved };
    },
  };
}
