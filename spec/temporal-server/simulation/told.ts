/** What the store tells of all runs. */
import type { RunState } from '../../../src/temporal-server/history/state.js';
import { codec, type HistoryEvent, timestampMs } from '../../../src/temporal-server/proto.js';
import type { Store } from '../../../src/temporal-server/store.js';

const eventCodec = codec<HistoryEvent>('temporal.api.history.v1.HistoryEvent');

/** A run as it is stored. */
export interface Told {
  readonly state: RunState;
  readonly events: readonly HistoryEvent[];
}

/** All runs, by their ids. @throws when what is stored cannot be read, or is no whole */
export function readRuns(store: Store): Map<string, Told> {
  const runs = new Map<string, Told>();
  for (const { record } of store.visible('default').from(undefined)) {
    const { key } = record;
    const state = store.load(key);
    if (!state) throw new Error(`run ${key.runId} is listed and cannot be loaded`);
    const events = store
      .events(key, 1, state.info.nextEventId - 1)
      .map(({ bytes }) => eventCodec.decode(bytes));
    const [beyond] = beyondEnd(store, state);
    if (beyond) throw new Error(`run ${key.runId} has an event beyond its last`);
    runs.set(key.runId, { state, events });
  }
  return runs;
}

function beyondEnd(store: Store, { key, info }: RunState) {
  try {
    return store.events(key, info.nextEventId, info.nextEventId);
  } catch {
    return []; // there is none, and the store says so
  }
}

/** The attributes of the event, if it tells how a child ended. */
export function childEnd(event: HistoryEvent) {
  return (
    event.childWorkflowExecutionCompletedEventAttributes ??
    event.childWorkflowExecutionFailedEventAttributes ??
    event.childWorkflowExecutionTimedOutEventAttributes ??
    event.childWorkflowExecutionCanceledEventAttributes ??
    event.childWorkflowExecutionTerminatedEventAttributes
  );
}

export function atMs(event: HistoryEvent | undefined): number {
  return timestampMs(event?.eventTime) ?? 0;
}
