/**
 * Group commit: one transaction of the database at a time, with everything in it that came while the one
 * before was on its way to the disk. So the price of a sync is shared by all who wait for it.
 *
 * Clients that wait for one transaction call again together, and would wait together for the next one, with
 * nothing to do for the server meanwhile. So a transaction does not wait for the last of such a burst: it
 * starts once half of it is there, and from then on one half is being written while the other one is at work.
 *
 * A transaction that fails fails for all who are in it, and the next one is tried anew.
 */
import type { Database } from 'lmdb';
import { storeRefuses } from '../store-errors.js';

/** A value to put under a key, or the key's removal where undefined. */
export type Write = readonly [key: Buffer, value: Buffer | undefined];

export type Bytes = Database<Buffer, Buffer>;

interface Group {
  readonly writes: Write[];
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** So many writes are not worth a transaction before the rest of a turn has come in. */
const FEW = 16;

export class Writer {
  readonly #db: Bytes;
  /** Is filled until its turn comes. */
  #next: Group | undefined;
  #current: Promise<void> | undefined;
  /** How many writes the last two transactions had. */
  #sizes: readonly [number, number] = [0, 0];
  #closed = false;
  /** Is in every transaction until one of them succeeds. */
  #first: readonly Write[];

  /** @param first - goes along with whatever is written first: a new file waits for the disk once, not twice */
  constructor(db: Bytes, first: readonly Write[] = []) {
    this.#db = db;
    this.#first = first;
  }

  /** Resolves once the writes are on disk, all of them; rejects when none of them is. */
  write(writes: readonly Write[]): Promise<void> {
    if (this.#closed) return Promise.reject(storeRefuses(new Error('it is being closed')));
    this.#next ??= this.#open();
    const { done, writes: all } = this.#next;
    for (const write of writes) all.push(write);
    if (!this.#current && all.length >= Math.max(FEW, Math.max(...this.#sizes) / 2)) this.#start();
    return done;
  }

  /** Takes nothing any more, and waits until what it has taken is written or refused. */
  async close(): Promise<void> {
    this.#closed = true;
    for (;;) {
      const last = this.#next?.done ?? this.#current;
      if (!last) return;
      await last.catch(() => {}); // told to those who wait for it
    }
  }

  #open(): Group {
    let resolve = () => {};
    let reject: Group['reject'] = () => {};
    const done = new Promise<void>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    // The next turn: until then the rest of what has come in joins the group.
    if (!this.#current) setImmediate(() => this.#start());
    return { writes: [...this.#first], done, resolve, reject };
  }

  #start(): void {
    const group = this.#next;
    if (!group || this.#current) return;
    this.#next = undefined;
    this.#current = group.done;
    this.#sizes = [this.#sizes[1], group.writes.length];
    this.#transaction(group.writes).then(
      () => {
        this.#first = [];
        this.#end(group.resolve);
      },
      (thrown: unknown) => this.#end(() => group.reject(storeRefuses(thrown))),
    );
  }

  #end(tell: () => void): void {
    this.#current = undefined;
    tell();
    this.#start();
  }

  async #transaction(writes: readonly Write[]): Promise<void> {
    try {
      await this.#db.batch(() => {
        for (const [key, value] of writes) {
          const written = value ? this.#db.put(key, value) : this.#db.remove(key);
          written.catch(() => {}); // the batch says the same
        }
      });
    } catch (thrown) {
      // What went wrong comes as a promise of its own, which fails a moment later.
      const { commitError } = thrown as { readonly commitError?: Promise<never> };
      await commitError;
      throw thrown;
    }
  }
}
