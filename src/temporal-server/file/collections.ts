/** The collections of a run as records: one an entry, so that a change writes only what it is about. */
import type { CollectionChanges, RunState } from '../history/state.js';
import { keys, PART_AT, Part, type RunBytes, signalNumberOf } from './keys.js';
import { type Format, formats } from './records.js';
import type { Write } from './writer.js';

/** Adds to `writes` what a change does to the collections of a run. */
export function collectionWrites(run: RunBytes, changes: CollectionChanges, writes: Write[]): void {
  const add = <K extends string | number, V, R>(
    part: Part,
    changed: ReadonlyMap<K, V | undefined>,
    format: Format<R>,
    recordOf: (value: V, id: K) => R,
  ) => {
    for (const [id, value] of changed) {
      const key = keys.part(run, part, id);
      const bytes = value === undefined ? undefined : format.toValue(key, recordOf(value, id));
      writes.push([key, bytes]);
    }
  };
  const same = <T>(value: T): T => value;
  add(Part.activity, changes.activities, formats.activity, same);
  add(Part.timer, changes.timers, formats.timer, same);
  add(Part.child, changes.children, formats.child, same);
  add(Part.external, changes.externals, formats.external, same);
  add(Part.update, changes.updates, formats.update, same);
  add(Part.completed, changes.completedUpdates, formats.id, (eventId, id) => ({ id, eventId }));
  for (const [id, number] of changes.signalRequests) {
    if (number === undefined) continue; // a run never forgets one
    const key = keys.signal(run, number);
    writes.push([key, formats.id.toValue(key, { id })]);
  }
}

/** Puts an entry back where it belongs. */
export function readPart(state: RunState, key: Buffer, value: Buffer): void {
  const part = String.fromCharCode(key[PART_AT] ?? 0) as Part;
  switch (part) {
    case Part.activity: {
      const activity = formats.activity.fromValue(key, value);
      state.activities.set(activity.scheduledEventId, activity);
      state.activityIds.set(activity.activityId, activity.scheduledEventId);
      return;
    }
    case Part.timer: {
      const timer = formats.timer.fromValue(key, value);
      state.timers.set(timer.timerId, timer);
      return;
    }
    case Part.child: {
      const child = formats.child.fromValue(key, value);
      state.children.set(child.initiatedEventId, child);
      return;
    }
    case Part.external: {
      const request = formats.external.fromValue(key, value);
      state.externals.set(request.initiatedEventId, request);
      return;
    }
    case Part.update: {
      const update = formats.update.fromValue(key, value);
      state.updates.set(update.updateId, update);
      return;
    }
    case Part.completed: {
      const { id, eventId } = formats.id.fromValue(key, value);
      state.completedUpdates.set(id, eventId ?? 0);
    }
  }
}

export function readSignal(state: RunState, key: Buffer, value: Buffer): void {
  state.signalRequests.set(formats.id.fromValue(key, value).id, signalNumberOf(key));
}
