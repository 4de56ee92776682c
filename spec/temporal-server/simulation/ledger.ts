/**
 * What the simulated clients and workers were told. The server must never take any of it back, and
 * some of it must never have been said twice.
 */
import { type HistoryEvent, timestampMs, toNumber } from '../../../src/temporal-server/proto.js';

export interface AckedSignal {
  readonly workflowId: string;
  readonly name: string;
}

/** When an attempt of an activity ended for its worker, or could have ended at the earliest. */
export interface AttemptEnd {
  readonly atMs: number;
  readonly attempt: number;
}

export class Ledger {
  readonly violations: string[] = [];
  /** What was seen of each event, by run id. */
  readonly seen = new Map<string, Map<number, string>>();
  /** Run ids of starts that were acknowledged, by workflow id. */
  readonly started = new Map<string, string>();
  readonly signals: AckedSignal[] = [];
  /** Started events of workflow tasks whose completion was acknowledged, by run id. */
  readonly completedTasks = new Map<string, Set<number>>();
  /** Scheduled events of activities whose completion was acknowledged, by run id. */
  readonly completedActivities = new Map<string, Set<number>>();
  readonly attemptEnds = new Map<string, AttemptEnd>();
  readonly #handedOut = new Set<string>();
  readonly #accepted = new Set<string>();

  violate(what: string): void {
    this.violations.push(what);
  }

  /** A task may be handed out once only, and one answer to it may be taken. */
  handedOut(token: string): void {
    if (this.#handedOut.has(token)) this.violate(`a task was handed out twice: ${token}`);
    this.#handedOut.add(token);
  }

  accepted(token: string): void {
    if (this.#accepted.has(token)) this.violate(`a task was done twice: ${token}`);
    this.#accepted.add(token);
  }

  see(runId: string, events: readonly HistoryEvent[]): void {
    const known = this.seen.get(runId) ?? new Map<number, string>();
    this.seen.set(runId, known);
    for (const event of events) {
      const id = toNumber(event.eventId);
      const signature = signatureOf(event);
      const before = known.get(id);
      if (before !== undefined && before !== signature)
        this.violate(`event ${id} of ${runId} was ${before} and is ${signature}`);
      known.set(id, signature);
    }
  }
}

export function signatureOf(event: HistoryEvent): string {
  return `${event.eventType}@${timestampMs(event.eventTime)}`;
}

export function note<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  map.set(key, (map.get(key) ?? new Set()).add(value));
}
