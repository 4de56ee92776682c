/**
 * What a file of an older version needs to be one of the next. A migration knows the keys of its time by
 * itself: those of keys.ts are of today.
 */
import { keys, PART_AT, RUN_ID_AT, runBytes, runIdAt } from './keys.js';
import { packed, resealed, sealedPacked } from './records.js';
import { headFields } from './run-record.js';
import type { Bytes, Write } from './writer.js';

/** Gives what has to be written for a file of a version to be one of the next. */
export type Migration = (db: Bytes) => Iterable<Write>;

/** By the version that they start from. */
export type Migrations = { readonly [version: number]: Migration };

export const MIGRATIONS: Migrations = { 1: gatherRuns };

const SIGNAL = 's'.charCodeAt(0);

/**
 * Version 1 had all events after all runs (`e`, run id, event id), a run's info as one record before its
 * collections (`r`, run id), and the request ids of its signals by their text (`r`, run id, `s`, text).
 */
function* gatherRuns(db: Bytes): Iterable<Write> {
  for (const { key, value } of db.getRange({ start: Buffer.from('e'), end: Buffer.from('f') })) {
    const from = Buffer.from(key);
    const to = keys.event(runAt(from), from.readUInt32BE(PART_AT));
    yield [from, undefined];
    yield [to, resealed(from, to, value)];
  }
  let signals = 0;
  for (const { key, value } of db.getRange({ start: Buffer.from('r'), end: Buffer.from('s') })) {
    const from = Buffer.from(key);
    if (from.length === PART_AT) {
      signals = 0;
      yield* splitInfo(from, value);
    } else if (from[PART_AT] === SIGNAL) {
      signals += 1;
      const to = keys.signal(runAt(from), signals);
      yield [from, undefined];
      yield [to, resealed(from, to, value)];
    }
  }
}

interface Info {
  readonly namespace: string;
  readonly workflowId: string;
  readonly keepUntilMs?: number;
  readonly info: { readonly [field: string]: unknown };
}

function* splitInfo(from: Buffer, value: Buffer): Iterable<Write> {
  const { namespace, workflowId, keepUntilMs, info } = packed(from, value) as Info;
  // The first files know of no reset points.
  const head = headFields({ resetPoints: [], ...info });
  const isProgress = ([field]: [string, unknown]) => !(field in head);
  const progress = Object.fromEntries(Object.entries(info).filter(isProgress));
  const run = runAt(from);
  yield [from, undefined];
  const headKey = keys.head(run);
  yield [headKey, sealedPacked(headKey, { namespace, workflowId, ...head })];
  const progressKey = keys.progress(run);
  yield [progressKey, sealedPacked(progressKey, { ...progress, keepUntilMs })];
}

function runAt(key: Buffer): Buffer {
  return runBytes(runIdAt(key, RUN_ID_AT));
}
