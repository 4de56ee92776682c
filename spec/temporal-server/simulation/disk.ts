/**
 * A disk in memory under the file store: the part of LMDB's interface that the store uses. Its
 * transactions take time, are refused, or are where the machine stops.
 *
 * 1. A transaction is on the disk as a whole or not at all.
 * 2. After a crash no transaction of before comes to an end.
 */
import type { Bytes, Write } from '../../../src/temporal-server/file/writer.js';
import type { Agenda } from './agenda.js';
import type { Random } from './random.js';

/** What may become of a transaction. A crash comes before or after it is on the disk. */
export type DiskFate = 'written' | 'full' | 'crashBefore' | 'crashAfter';

export interface DiskOptions {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly fate: () => DiskFate;
  readonly onCrash: (fate: DiskFate) => void;
}

interface Record {
  readonly key: Buffer;
  readonly value: Buffer;
}

interface Span {
  readonly start?: Buffer;
  readonly end?: Buffer;
  readonly limit?: number;
  /** From `start`, which is then the later key, down to `end`. */
  readonly reverse?: boolean;
}

const MAX_DELAY_MS = 20;
const ENOSPC = 28;

export class Disk {
  readonly #options: DiskOptions;
  readonly #records = new Map<string, Record>();
  /** Sorted by their bytes, one character each. */
  readonly #names: string[] = [];
  #mount = 0;
  /** Transactions that are on their way. */
  inFlight = 0;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  /** The disk as a server that starts now sees it; one that had it before is cut off. */
  mount(): Bytes {
    this.#mount += 1;
    this.inFlight = 0;
    const mount = this.#mount;
    let open: Write[] | undefined;
    const add = async (key: Buffer, value: Buffer | undefined) => {
      open?.push([key, value]);
      return true;
    };
    const db = {
      getBinary: (key: Buffer) => this.#records.get(nameOf(key))?.value,
      getKeys: (span: Span = {}) => this.#range(span).map(({ key }) => key),
      getRange: (span: Span = {}) => this.#range(span),
      put: (key: Buffer, value: Buffer) => add(key, value),
      remove: (key: Buffer) => add(key, undefined),
      batch: (fill: () => void) => {
        open = [];
        fill();
        const writes = open;
        open = undefined;
        return this.#write(writes, mount);
      },
      close: async () => {},
    };
    return db as unknown as Bytes;
  }

  #write(writes: readonly Write[], mount: number): Promise<boolean> {
    const { agenda, random, fate } = this.#options;
    if (mount !== this.#mount) return new Promise(() => {});
    this.inFlight += 1;
    return new Promise((resolve, reject) => {
      agenda.after(random.chance(0.5) ? 0 : random.between(1, MAX_DELAY_MS), () => {
        if (mount !== this.#mount) return;
        this.inFlight -= 1;
        this.#end(writes, fate(), () => resolve(true), reject);
      });
    });
  }

  #end(
    writes: readonly Write[],
    fate: DiskFate,
    resolve: () => void,
    reject: (error: Error) => void,
  ): void {
    if (fate === 'written' || fate === 'crashAfter') for (const write of writes) this.#put(write);
    if (fate === 'written') resolve();
    else if (fate === 'full') reject(Object.assign(new Error('no space left'), { code: ENOSPC }));
    else this.#options.onCrash(fate);
  }

  #put([key, value]: Write): void {
    const name = nameOf(key);
    const known = this.#records.has(name);
    if (value) this.#records.set(name, { key: Buffer.from(key), value: Buffer.from(value) });
    else this.#records.delete(name);
    if (known === (value !== undefined)) return;
    this.#names.splice(this.#place(name), value ? 0 : 1, ...(value ? [name] : []));
  }

  /** Of the first name that is not before this one. */
  #place(name: string): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#names[middle] as string) < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #range({ start, end, limit = Number.POSITIVE_INFINITY, reverse }: Span): Record[] {
    const place = (key: Buffer | undefined, otherwise: number) =>
      key ? this.#place(nameOf(key)) : otherwise;
    const all = this.#names.length;
    // The store goes backwards from a key that it leaves out, to one that nothing has: as forwards.
    const names = reverse
      ? this.#names.slice(place(end, 0), place(start, all)).reverse()
      : this.#names.slice(place(start, 0), place(end, all));
    return names.slice(0, limit).map((name) => this.#records.get(name) as Record);
  }
}

function nameOf(key: Buffer): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
