import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { showing } from '../../bench/support/shown-runs.js';
import { FileStore } from '../../src/temporal-server/file/file-store.js';
import type { Bytes } from '../../src/temporal-server/file/writer.js';
import type { Store } from '../../src/temporal-server/store.js';
import { Dictionary } from '../../src/temporal-server/visibility/columns.js';
import { compile, sortKeys } from '../../src/temporal-server/visibility/filter.js';
import { listPage, type RunList } from '../../src/temporal-server/visibility/list.js';
import { parseQuery } from '../../src/temporal-server/visibility/query.js';
import type { VisibilityRecord } from '../../src/temporal-server/visibility/record.js';
import { sortedPage } from '../../src/temporal-server/visibility/sort.js';
import { Agenda } from './simulation/agenda.js';
import { Disk, type DiskFate } from './simulation/disk.js';
import { Random } from './simulation/random.js';
import {
  closedRun,
  randomAttributes,
  randomQuery,
  randomRun,
  randomTypes,
} from './support/random-lists.js';

type OpenStore = new (db: Bytes, owner: { release(): Promise<void> }) => Store;

const SEEDS = 120;
const STEPS = 90;
/** More than are read at a time while an index is made. */
const MANY = 600;

/** A file store whose runs start, change, close, are reset and dropped, on a disk that fails. */
class World {
  readonly random: Random;
  readonly #agenda: Agenda;
  readonly #disk: Disk;
  store: Store;
  /** The current run of each workflow id, as it was told that it is. */
  readonly #shown = new Map<string, VisibilityRecord>();
  readonly #closed: VisibilityRecord[] = [];
  readonly #busy = new Set<string>();
  #crashed = false;
  /** Of the runs of a page. */
  #fewest = 1;
  compared = 0;
  found = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.#agenda = new Agenda(this.random);
    const weights: Readonly<Record<DiskFate, number>> = {
      written: 90,
      full: 5,
      crashBefore: 1,
      crashAfter: 1,
    };
    this.#disk = new Disk({
      agenda: this.#agenda,
      random: this.random,
      fate: () => (this.#shown.size === 0 ? 'written' : this.random.weighted(weights)),
      onCrash: () => {
        this.#crashed = true;
      },
    });
    this.store = this.#open();
  }

  #open(): Store {
    return new (FileStore as unknown as OpenStore)(this.#disk.mount(), { release: async () => {} });
  }

  async fill(runs: number): Promise<void> {
    this.#fewest = 1 + Math.floor(runs / 5);
    const commits = Array.from({ length: runs }, (_, i) => {
      const run = randomRun(this.random, `filled-${i}`);
      return this.store.commit(
        showing(this.random.chance(0.8) ? closedRun(this.random, run) : run),
      );
    });
    const all = Promise.all(commits);
    await this.#until(all);
  }

  async step(): Promise<void> {
    await this.random.pick([
      () => this.#change(),
      () => this.#change(),
      () => this.#change(),
      () => this.#drop(),
      () => this.#turn(),
      () => this.#turn(),
      () => this.#compare(),
      () => (this.random.chance(0.1) ? this.#restart() : this.#turn()),
    ])();
    if (this.#crashed) await this.#restart();
  }

  /** A write comes to its end; who waits for it may hear of it at once or later. */
  async #turn(): Promise<void> {
    this.#agenda.step();
    if (this.random.chance(0.7)) await turn();
  }

  async #until(done: Promise<unknown>): Promise<void> {
    let isDone = false;
    const end = () => {
      isDone = true;
    };
    done.then(end, end);
    while (!isDone && !this.#crashed) {
      this.#agenda.step();
      await turn();
    }
  }

  #change(): void {
    const workflowId = `w-${this.random.between(0, 9)}`;
    if (this.#busy.has(workflowId)) return;
    const current = this.#shown.get(workflowId);
    const next = this.#next(workflowId, current);
    const kept = () => {
      for (const run of next) {
        this.#shown.set(workflowId, run);
        if (run.closedAtMs !== undefined) this.#closed.push(run);
      }
    };
    this.#work(workflowId, Promise.resolve(this.store.commit(showing(...next))).then(kept));
  }

  #next(workflowId: string, current: VisibilityRecord | undefined): VisibilityRecord[] {
    const { random } = this;
    const fresh = randomRun(random, workflowId);
    if (!current || current.closedAtMs !== undefined)
      return [random.chance(0.1) ? closedRun(random, fresh) : fresh];
    if (random.chance(0.4)) return [{ ...current, searchAttributes: randomAttributes(random) }];
    const closed = closedRun(random, current);
    return random.chance(0.3) ? [closed, fresh] : [closed];
  }

  #drop(): void {
    const at = this.random.between(0, this.#closed.length - 1);
    const [run] = this.#closed.splice(at, 1);
    if (!run || this.#busy.has(run.key.workflowId)) return;
    this.#work(run.key.workflowId, Promise.resolve(this.store.drop(run.key)));
  }

  /** Work that the disk refuses is given up. */
  #work(workflowId: string, work: Promise<void>): void {
    const { store } = this;
    this.#busy.add(workflowId);
    const over = () => void (store === this.store && this.#busy.delete(workflowId));
    work.then(over, over);
  }

  async #restart(): Promise<void> {
    this.#crashed = false;
    this.#busy.clear();
    this.store = this.#open();
    this.#shown.clear();
    this.#closed.length = 0;
    for (const { record } of this.store.visible('default').from()) {
      this.#shown.set(record.key.workflowId, record);
      if (record.closedAtMs !== undefined) this.#closed.push(record);
    }
  }

  /** The same pages from the index as from the records, whatever is on its way meanwhile. */
  async #compare(): Promise<void> {
    const { store, random } = this;
    let index = store.searchable('default');
    if (index instanceof Promise) {
      const made = index;
      made.then((list) => {
        index = list;
      });
      while (index instanceof Promise) {
        this.#change();
        this.#drop();
        await this.#turn();
        if (this.#crashed) return;
      }
    }
    const types = randomTypes(random);
    const pageSize = this.#fewest + random.between(0, 6);
    const query = randomQuery(random);
    const expected = pagesOf(store.visible('default'), query, types, pageSize);
    expect({ query, found: pagesOf(index, query, types, pageSize) }).toEqual({
      query,
      found: expected,
    });
    this.compared += 1;
    if (expected !== 'refused') this.found += expected.flat().length;
  }
}

/** Page by page. */
function pagesOf(
  list: RunList,
  query: string,
  types: ReturnType<typeof randomTypes>,
  pageSize: number,
): readonly (readonly VisibilityRecord[])[] | 'refused' {
  try {
    const { where, orderBy } = parseQuery(query);
    const matches = compile(where, types);
    const keys = sortKeys(orderBy, types);
    return keys.length === 0
      ? pages((token) => listPage(list, matches, pageSize, token as never))
      : pages((token) => sortedPage(list, matches, keys, pageSize, token as never));
  } catch (thrown) {
    if (/invalid query|StartsWith/.test(String(thrown))) return 'refused';
    throw thrown;
  }
}

interface Page {
  readonly records: readonly VisibilityRecord[];
  readonly next: object | undefined;
}

function pages(page: (token: object | undefined) => Page): VisibilityRecord[][] {
  const found: VisibilityRecord[][] = [];
  for (let token: object | undefined; ; ) {
    const { records, next } = page(token);
    found.push([...records]);
    if (!next) return found;
    token = next;
  }
}

describe('the index of runs in a file', () => {
  let compared = 0;
  let found = 0;

  async function run(seed: number, filled: number, steps: number): Promise<void> {
    const world = new World(seed);
    await world.fill(filled);
    for (let step = 0; step < steps; step++) await world.step();
    compared += world.compared;
    found += world.found;
  }

  beforeEach(() => {
    compared = 0;
    found = 0;
  });

  it('gives the pages that the records give, while runs change, are dropped, refused and lost', async () => {
    for (let seed = 0; seed < SEEDS; seed++) await run(seed, 0, STEPS);
    expect(compared).toBeGreaterThan(SEEDS * 3);
    expect(found).toBeGreaterThan(compared);
  });

  it('is made of many runs while others change', async () => {
    for (let seed = 0; seed < 6; seed++) await run(seed, MANY, STEPS / 3);
    expect(found).toBeGreaterThan(1000);
  });

  it('forgets the words that no run has any more', () => {
    const words = new Dictionary();
    const red = words.take('red');
    expect(words.take('red')).toBe(red);
    words.leave(red);
    expect(words.text(red)).toBe('red');
    words.leave(red);
    expect(words.size).toBe(0);
    expect(words.take('blue')).toBe(red);
  });
});
