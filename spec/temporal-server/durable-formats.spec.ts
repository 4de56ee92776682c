/** Files of earlier formats, each as its own version left it (files/). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { open } from 'lmdb';
import { FileStore } from '../../src/temporal-server/file/file-store.js';
import { SCHEMA } from '../../src/temporal-server/file/schema.js';
import type { RunKey, RunState } from '../../src/temporal-server/history/state.js';
import { startTemporalServer } from '../../src/temporal-server/index.js';
import { rawClient } from './support/raw.js';

const FORMAT_1 = new URL('files/format-1.db.gz', import.meta.url);
/** What that file has: 41 signals with request ids came to `waiting`, one to `busy` amid its task. */
const EVENTS = { closed: 5, waiting: 48 };

describe('a file of format 1', () => {
  let folder: string;
  let dbFilename: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'perdure-format-'));
    dbFilename = join(folder, 'server.db');
    writeFileSync(dbFilename, gunzipSync(readFileSync(FORMAT_1)));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const database = () =>
    open<Buffer, Buffer>(dbFilename, {
      noSubdir: true,
      encoding: 'binary',
      keyEncoding: 'binary',
      maxDbs: 1,
    });

  function stateOf(store: FileStore, workflowId: string): RunState {
    const runId = store.currentRunId('default', workflowId) ?? '';
    const state = store.load({ namespace: 'default', workflowId, runId });
    if (!state) throw new Error(`${workflowId} is not there`);
    return state;
  }

  const eventsOf = (store: FileStore, key: RunKey) => store.events(key, 1, EVENTS.waiting);

  it('is opened with all that it has', async () => {
    const store = await FileStore.open(dbFilename);
    const waiting = stateOf(store, 'waiting');
    expect(waiting.info).toMatchObject({ signalCount: 41, nextEventId: EVENTS.waiting + 1 });
    expect(eventsOf(store, waiting.key).map(({ id }) => id)).toEqual(
      Array.from({ length: EVENTS.waiting }, (_, i) => i + 1),
    );
    const requests = Array.from({ length: 40 }, (_, i) => `request-${i}`);
    expect(new Set(waiting.signalRequests.keys())).toEqual(new Set([...requests, 'r'.repeat(900)]));
    expect(new Set(waiting.signalRequests.values()).size).toBe(41);
    expect(waiting.activityIds.get('pack')).toBe(5);
    expect(waiting.timers.get('later')).toMatchObject({ startedEventId: 6 });

    const busy = stateOf(store, 'busy');
    expect(busy.info.buffered).toHaveLength(1);
    expect([...busy.signalRequests]).toEqual([['while-busy', 1]]);
    const closed = stateOf(store, 'closed');
    expect(store.events(closed.key, 1, EVENTS.closed)).toHaveLength(EVENTS.closed);
    expect([...store.openRuns()].map(({ workflowId }) => workflowId).sort()).toEqual([
      'busy',
      'waiting',
    ]);
    await store.close();
  });

  it('is used like one that was made today', async () => {
    const signal = { namespace: 'default', workflowExecution: { workflowId: 'waiting' } };
    const send = async (requestId: string) => {
      const server = await startTemporalServer({ port: 0, dbFilename });
      const client = rawClient(server.address);
      await client.call('SignalWorkflowExecution', { ...signal, signalName: 'add', requestId });
      client.close();
      await server.close();
    };
    await send('request-7');
    await send('request-new');
    const store = await FileStore.open(dbFilename);
    const { info, signalRequests } = stateOf(store, 'waiting');
    expect(info.signalCount).toBe(42);
    expect(signalRequests.get('request-new')).toBe(42);
    expect(signalRequests.size).toBe(42);
    await store.close();
  });

  it('is left as it is where a record of it has changed', async () => {
    const before = database();
    const [event] = before.getRange({ start: Buffer.from('e'), limit: 1 });
    if (!event) throw new Error('no event');
    await before.put(Buffer.from(event.key), Buffer.concat([event.value, Buffer.from('x')]));
    const entries = [...before.getKeys()].length;
    await before.close();
    await expect(FileStore.open(dbFilename)).rejects.toThrow(/the record 65\w+ has changed/);
    const after = database();
    expect([...after.getKeys()]).toHaveLength(entries);
    expect([...after.getKeys({ start: Buffer.from('e'), limit: 1 })]).toEqual([event.key]);
    await after.close();
  });

  it('is the only one that was', () => {
    expect(SCHEMA.version - 1).toBe(1); // a newer one leaves a file of the last format here
  });
});
