/**
 * What a file of an older version needs to be one of the next. A migration knows the keys of its time by
 * itself: those of keys.ts are of today.
 */
import { keys, PART_AT, Part, RUN_ID_AT, runIdAt } from './keys.js';
import { resealed } from './records.js';
import type { Bytes, Write } from './writer.js';

/** Gives what has to be written for a file of a version to be one of the next. */
export type Migration = (db: Bytes) => Iterable<Write>;

/** By the version that they start from. */
export type Migrations = { readonly [version: number]: Migration };

export const MIGRATIONS: Migrations = { 1: gatherRuns };

/**
 * Version 1 had all events after all runs (`e`, run id, event id), a run's info before its collections (`r`,
 * run id), and the request ids of its signals by their text (`r`, run id, `s`, text).
 */
function* gatherRuns(db: Bytes): Iterable<Write> {
  const moved = (from: Buffer, to: Buffer, value: Buffer): Write[] => [
    [from, undefined],
    [to, resealed(from, to, value)],
  ];
  for (const { key, value } of db.getRange({ start: Buffer.from('e'), end: Buffer.from('f') })) {
    const from = Buffer.from(key);
    const id = from.readUInt32BE(PART_AT);
    yield* moved(from, keys.event(runIdAt(from, RUN_ID_AT), id), value);
  }
  let signals = 0;
  for (const { key, value } of db.getRange({ start: Buffer.from('r'), end: Buffer.from('s') })) {
    const from = Buffer.from(key);
    const runId = runIdAt(from, RUN_ID_AT);
    if (from.length === PART_AT) {
      signals = 0;
      yield* moved(from, keys.info(runId), value);
    } else if (from[PART_AT] === Part.signal.charCodeAt(0)) {
      signals += 1;
      yield* moved(from, keys.part(runId, Part.signal, signals), value);
    }
  }
}
