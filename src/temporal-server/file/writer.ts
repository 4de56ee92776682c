/**
 * Group commit: one transaction of the database at a time, with everything in it that came while the one
 * before was on its way to the disk. So the price of a sync is shared by all who wait for it.
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

export class Writer {
  readonly #db: Bytes;
  /** Is filled until its turn comes. */
  #next: Group | undefined;
  #current: Promise<void> | undefined;
  #closed = false;

  constructor(db: Bytes) {
    this.#db = db;
  }

  /** Resolves once the writes are on disk, all of them; rejects when none of them is. */
  write(writes: readonly Write[]): Promise<void> {
    if (this.#closed) return Promise.reject(storeRefuses(new Error('it is being closed')));
    this.#next ??= this.#open();
    for (const write of writes) this.#next.writes.push(write);
    return this.#next.done;
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
    return { writes: [], done, resolve, reject };
  }

  #start(): void {
    const group = this.#next;
    if (!group || this.#current) return;
    this.#next = undefined;
    this.#current = group.done;
    this.#transaction(group.writes).then(
      () => this.#end(group.resolve),
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
