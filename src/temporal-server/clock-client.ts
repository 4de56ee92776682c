/** What a program on the other side needs to ask a server's ClockService. */
import { CLOCK_SERVICE } from './proto/own.js';
import { duration, methodsOf, type Timestamp, timestampMs } from './proto.js';

export interface MoveAheadOrder {
  readonly namespace: string;
  readonly workflowId: string;
  readonly byMs: number;
}

export interface MovedAhead {
  /** The time of the workflow now, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** How many runs were moved. */
  readonly moved: number;
}

/** The call by its path, its request and its answer, for any gRPC client. */
export interface MoveAheadCall {
  readonly path: string;
  encode(order: MoveAheadOrder): Uint8Array;
  decode(bytes: Uint8Array): MovedAhead;
}

export function moveAheadCall(): MoveAheadCall {
  const [method] = methodsOf(CLOCK_SERVICE);
  if (!method) throw new Error(`${CLOCK_SERVICE} has no method`);
  return {
    path: method.path,
    encode: ({ namespace, workflowId, byMs }) =>
      method.request.encode({ namespace, execution: { workflowId }, by: duration(byMs) }).finish(),
    decode(bytes) {
      const { now, moved } = method.response.decode(bytes) as { now: Timestamp; moved: number };
      return { nowMs: timestampMs(now) ?? 0, moved: moved };
    },
  };
}
