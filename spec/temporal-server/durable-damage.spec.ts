import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isServiceError } from '../../src/temporal-server/errors.js';
import { checkFile } from '../../src/temporal-server/file/check.js';
import { FileStore } from '../../src/temporal-server/file/file-store.js';
import { startTemporalServer } from '../../src/temporal-server/index.js';
import { isStoreOpenError } from '../../src/temporal-server/store-errors.js';
import { ByHand, commands } from './support/by-hand.js';
import { rawClient } from './support/raw.js';

const PAGE = 4096;
/** Every byte with `npm run soak`; a sample otherwise, which differs from page to page. */
const STEP = process.env.PERDURE_PROPERTY_RUNS ? 1 : 61;
/** What leads to other pages is looked at more closely. */
const BRANCH_STEP = Math.min(STEP, 7);
const BRANCH = 1;

/** What became of a file that was damaged: nothing, or it was refused in words. */
type Outcome = 'as before' | 'refused' | string;

describe('a file whose last transaction was damaged', () => {
  let folder: string;
  let intact: Buffer;
  let copy: string;
  let content: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'perdure-damage-'));
    const dbFilename = join(folder, 'server.db');
    const server = await startTemporalServer({ port: 0, dbFilename });
    const client = rawClient(server.address);
    const runs = new ByHand(client, 'damage');
    for (let i = 0; i < 12; i++) await runs.startWith(commands.complete);
    // One value has pages of its own.
    await runs.start({ input: { payloads: [{ data: Buffer.alloc(9000, 'x') }] } });
    client.close();
    // As after a crash: nothing of the end of a server is in it.
    copy = join(folder, 'copy.db');
    copyFileSync(dbFilename, copy);
    intact = readFileSync(copy);
    await server.close();
    content = await contentOf(copy);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** All that a server would read. */
  async function contentOf(path: string): Promise<string> {
    const store = await FileStore.open(path);
    try {
      const listed = [...store.visible('default').from()].map(({ record }) => record);
      const runs = listed.map(({ key }) => {
        const state = store.load(key);
        const last = (state?.info.nextEventId ?? 1) - 1;
        const current = store.currentRunId(key.namespace, key.workflowId);
        return [state?.info, current, store.events(key, 1, last)];
      });
      const found = [[...store.namespaces()], [...store.openRuns()], listed, runs];
      return JSON.stringify([...found, store.expired(Number.MAX_SAFE_INTEGER)]);
    } finally {
      await store.close();
    }
  }

  async function outcomeOf(change: () => void): Promise<Outcome> {
    change();
    try {
      return (await contentOf(copy)) === content ? 'as before' : 'something else';
    } catch (thrown) {
      const inWords = isStoreOpenError(thrown) || isServiceError(thrown);
      return inWords ? 'refused' : String(thrown);
    }
  }

  function count(outcomes: readonly Outcome[]): { [outcome: string]: number } {
    const counts: { [outcome: string]: number } = {};
    for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  }

  /** The pages that the last transaction has written, but for the headers. */
  function lastPages(): number[] {
    const pages = Array.from({ length: intact.length / PAGE }, (_, i) => i).slice(2);
    const writer = (page: number) => intact.readBigUInt64LE(page * PAGE + 8);
    const last = [0, 1]
      .map((meta) => intact.readBigUInt64LE(meta * PAGE + 152))
      .sort((a, b) => Number(b - a))[0];
    return pages.filter((page) => writer(page) === last);
  }

  it('is refused in words or whole, whichever byte of it has changed', async () => {
    const outcomes: Outcome[] = [];
    for (const page of lastPages()) {
      const step = intact.readUInt16LE(page * PAGE + 18) === BRANCH ? BRANCH_STEP : STEP;
      for (let at = page % step; at < PAGE; at += step) {
        const change = () => {
          const damaged = Buffer.from(intact);
          const place = page * PAGE + at;
          damaged[place] = (damaged[place] ?? 0) ^ 0xff;
          writeFileSync(copy, damaged);
        };
        outcomes.push(await outcomeOf(change));
      }
    }
    const counts = count(outcomes);
    expect(Object.keys(counts).sort()).toEqual(['as before', 'refused']);
    expect(counts.refused).toBeGreaterThan(outcomes.length / 4);
  }, 1_200_000);

  it('is refused in words or whole, wherever it was cut off', async () => {
    const outcomes: Outcome[] = [];
    for (let left = intact.length - 1; left > 0; left -= left % PAGE === 0 ? 1 : PAGE / 2) {
      const change = () => {
        writeFileSync(copy, intact);
        truncateSync(copy, left);
      };
      outcomes.push(await outcomeOf(change));
    }
    const counts = count(outcomes);
    expect(Object.keys(counts).sort()).toEqual(['refused']);
  }, 60_000);
});

const NAMESPACE = {
  name: '',
  id: '',
  description: '',
  ownerEmail: '',
  data: {},
  retentionMs: 0,
  searchAttributes: new Map(),
};

describe('a file that nothing is wrong with', () => {
  it('is opened after whichever transaction was its last', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perdure-intact-'));
    const path = join(folder, 'server.db');
    const store = await FileStore.open(path);
    // Lists of free pages are numbered by transactions: it goes from one byte to two, and on.
    for (let transaction = 0; transaction < 600; transaction++) {
      const namespace = {
        ...NAMESPACE,
        name: `n-${transaction % 40}`,
        description: 'd'.repeat(500),
      };
      await store.putNamespace(namespace);
      checkFile(path);
    }
    await store.close();
    rmSync(folder, { recursive: true });
  });
});
