/**
 * Reads the pages of an LMDB file (1.0, little-endian, 64 bits) with nothing taken for granted, and says what
 * is wrong with those of the last transaction: LMDB itself believes what it finds, and a page that is not
 * what was written can end the process.
 *
 * 1. A page that a transaction has changed is reached by changed pages alone, from the root. So of older pages
 *    only the first and the last key are looked at, unless the file is shorter than its header says: then all.
 * 2. Keys are in order and within the bounds that the branch above says; records carry checksums of their
 *    own, of key and value. The keys of free pages are numbers of transactions, little-endian, and in order as such.
 */
import { readSync } from 'node:fs';
import { isIntact } from './records.js';

const HEADER_BYTES = 24;
const META_BYTES = 168;
const MAGIC = 0xbeefc0de;
const VERSION = 2;

const Flag = { branch: 1, leaf: 2, overflow: 4, meta: 8 } as const;
/** The value of a node is on pages of its own. */
const BIG = 1;
const NODE_BYTES = 8;
const BIG_REFERENCE_BYTES = 24;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const MAX_DEPTH = 32;

/** One of the two headers of a file. */
interface Meta {
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly transaction: bigint;
  /** Of the pages that are free, and of the records. */
  readonly roots: readonly [free: bigint, records: bigint];
}

interface Bounds {
  readonly from?: Buffer | undefined;
  readonly below?: Buffer | undefined;
}

class Damage extends Error {}

/** One of the two trees of a file. */
interface Tree {
  /** The order of its keys. */
  readonly compare: (a: Buffer, b: Buffer) => number;
  /** Throws what is wrong with a record of the last transaction. */
  readonly check: (key: Buffer, value: Buffer, meta: Meta) => void;
}

const RECORDS: Tree = {
  compare: Buffer.compare,
  check(key, value) {
    if (!isIntact(key, value)) throw new Damage(`the record ${key.toString('hex')} has changed`);
  },
};

/**
 * Lists of free pages, by the transaction that has freed them: how many entries, and then each: a page, 0 for
 * one that was used again, or how many pages are free from the one in the next entry on, as a negative number.
 */
const FREE_PAGES: Tree = {
  compare: (a, b) => Number(transactionOf(a) - transactionOf(b)),
  check(key, value, { lastPage }) {
    const count = value.length >= 8 ? Number(value.readBigUInt64LE(0)) : -1;
    if (key.length !== 8 || count < 0 || value.length < (count + 1) * 8)
      throw new Damage('a list of free pages is not what was written');
    const last = BigInt(lastPage);
    for (let i = 1; i <= count; i++) {
      const entry = value.readBigInt64LE(i * 8);
      if (entry > last || entry === 1n || -entry > last)
        throw new Damage('a list of free pages names one that the file does not have');
    }
  },
};

function transactionOf(key: Buffer): bigint {
  if (key.length !== 8) throw new Damage('a list of free pages is not what was written');
  return key.readBigUInt64LE(0);
}

/** Whether a file of this size begins as one of LMDB does. */
export function isDatabase(fd: number): boolean {
  const head = Buffer.alloc(HEADER_BYTES + 8);
  return (
    readSync(fd, head, 0, head.length, 0) === head.length &&
    head.readUInt32LE(HEADER_BYTES) === MAGIC &&
    head.readUInt32LE(HEADER_BYTES + 4) === VERSION
  );
}

/** What is wrong with a database file; undefined when nothing is. */
export function damageOf(fd: number, sizeBytes: number): string | undefined {
  try {
    new Walk(fd, sizeBytes, newestMeta(fd)).run();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Damage) return thrown.message;
    if (thrown instanceof RangeError) return `a page has a number in it that leads out of it`;
    throw thrown;
  }
}

function newestMeta(fd: number): Meta {
  const first = metaAt(fd, 0);
  const second = metaAt(fd, first.pageBytes);
  return second.transaction > first.transaction ? second : first;
}

function metaAt(fd: number, at: number): Meta {
  const head = Buffer.alloc(META_BYTES);
  if (readSync(fd, head, 0, head.length, at) < head.length)
    throw new Damage('its header is cut off');
  const pageBytes = head.readUInt32LE(48);
  const known =
    (head.readUInt16LE(18) & Flag.meta) !== 0 &&
    head.readUInt32LE(HEADER_BYTES) === MAGIC &&
    head.readUInt32LE(HEADER_BYTES + 4) === VERSION &&
    pageBytes >= 512 &&
    pageBytes <= 65_536 &&
    (pageBytes & (pageBytes - 1)) === 0;
  if (!known) throw new Damage('one of its two headers is none');
  return {
    pageBytes,
    lastPage: Number(head.readBigUInt64LE(144)),
    transaction: head.readBigUInt64LE(152),
    roots: [head.readBigUInt64LE(88), head.readBigUInt64LE(136)],
  };
}

class Walk {
  readonly #fd: number;
  readonly #meta: Meta;
  readonly #pages: number;
  /** Pages are missing at the end of the file: only free ones may be. */
  readonly #isShort: boolean;

  constructor(fd: number, sizeBytes: number, meta: Meta) {
    this.#fd = fd;
    this.#meta = meta;
    this.#pages = Math.floor(sizeBytes / meta.pageBytes);
    this.#isShort = this.#pages <= meta.lastPage;
  }

  run(): void {
    const [free, records] = this.#meta.roots;
    if (free !== NO_PAGE) this.#visit(free, {}, 0, FREE_PAGES);
    if (records !== NO_PAGE) this.#visit(records, {}, 0, RECORDS);
  }

  #page(number: bigint, count = 1): Buffer {
    if (number + BigInt(count) > BigInt(this.#meta.lastPage) + 1n)
      throw new Damage(`page ${number} is named, which the file does not have`);
    if (number + BigInt(count) > BigInt(this.#pages))
      throw new Damage(`it is cut off: page ${number} of ${this.#meta.lastPage + 1} is missing`);
    const page = Buffer.alloc(count * this.#meta.pageBytes);
    readSync(this.#fd, page, 0, page.length, Number(number) * this.#meta.pageBytes);
    const transaction = page.readBigUInt64LE(8);
    if (page.readBigUInt64LE(0) !== number || transaction > this.#meta.transaction)
      throw new Damage(`page ${number} is not what was written there`);
    return page;
  }

  #isOld(page: Buffer): boolean {
    return !this.#isShort && page.readBigUInt64LE(8) < this.#meta.transaction;
  }

  #visit(number: bigint, bounds: Bounds, depth: number, tree: Tree): void {
    const page = this.#page(number);
    if (this.#isOld(page)) {
      const edges = [this.#edge(page, 'first'), this.#edge(page, 'last')];
      checkOrder(tree, edges, bounds, number, 'one may be both');
      return;
    }
    const flags = kindOf(page, depth);
    const nodes = nodesOf(page, number);
    const keys = nodes.map((node, i) => keyOf(node, flags === Flag.branch && i === 0));
    checkOrder(tree, keys, bounds, number, 'each once');
    for (const [i, node] of nodes.entries()) {
      const key = keys[i];
      if (flags === Flag.leaf) {
        const value = this.#value(node);
        if (value && key) tree.check(key, value, this.#meta);
      } else {
        const below = keys[i + 1] ?? bounds.below;
        this.#visit(childOf(node), { from: key ?? bounds.from, below }, depth + 1, tree);
      }
    }
  }

  /** The first or the last key below a page. */
  #edge(page: Buffer, which: 'first' | 'last', depth = 0): Buffer | undefined {
    const nodes = nodesOf(page, page.readBigUInt64LE(0));
    const node = nodes.at(which === 'first' ? 0 : -1);
    if (!node) return undefined;
    if (kindOf(page, depth) === Flag.leaf) return keyOf(node, false);
    return this.#edge(this.#page(childOf(node)), which, depth + 1);
  }

  /** Undefined where it is on pages of an older transaction. */
  #value(node: Buffer): Buffer | undefined {
    const size = node.readUInt32LE(0);
    const at = NODE_BYTES + node.readUInt16LE(6);
    if ((node.readUInt16LE(4) & BIG) === 0) return within(node, at, size);
    const reference = within(node, at, BIG_REFERENCE_BYTES);
    const count = Number(reference.readBigUInt64LE(16));
    if (count * this.#meta.pageBytes < size + HEADER_BYTES || count > this.#meta.lastPage)
      throw new Damage('a value is longer than its pages');
    const pages = this.#page(reference.readBigUInt64LE(0), count);
    if (pages.readUInt16LE(18) !== Flag.overflow) throw new Damage('a value is not where it was');
    return this.#isOld(pages) ? undefined : within(pages, HEADER_BYTES, size);
  }
}

function kindOf(page: Buffer, depth: number): number {
  const flags = page.readUInt16LE(18);
  if ((flags !== Flag.branch && flags !== Flag.leaf) || depth > MAX_DEPTH)
    throw new Damage(`page ${page.readBigUInt64LE(0)} is of no known kind`);
  return flags;
}

function within(bytes: Buffer, at: number, size: number): Buffer {
  if (at + size > bytes.length) throw new Damage('a record is longer than its page');
  return bytes.subarray(at, at + size);
}

/** What is left of the page from each node on. */
function nodesOf(page: Buffer, number: bigint): Buffer[] {
  const lower = page.readUInt16LE(20);
  const upper = page.readUInt16LE(22);
  const room = page.length - HEADER_BYTES;
  if (lower % 2 !== 0 || lower > upper || upper > room)
    throw new Damage(`page ${number} says wrong how full it is`);
  return Array.from({ length: lower / 2 }, (_, i) => {
    const at = page.readUInt16LE(HEADER_BYTES + i * 2);
    if (at < upper || at + NODE_BYTES > room)
      throw new Damage(`page ${number} has a record out of place`);
    return page.subarray(HEADER_BYTES + at);
  });
}

/** The first key of a branch stands for all below the second. */
function keyOf(node: Buffer, isFirstOfBranch: boolean): Buffer | undefined {
  const size = node.readUInt16LE(6);
  if (isFirstOfBranch && size === 0) return undefined;
  return within(node, NODE_BYTES, size);
}

function childOf(node: Buffer): bigint {
  return BigInt(node.readUInt32LE(0)) | (BigInt(node.readUInt16LE(4)) << 32n);
}

function checkOrder(
  { compare }: Tree,
  keys: readonly (Buffer | undefined)[],
  { from, below }: Bounds,
  number: bigint,
  how: 'each once' | 'one may be both',
): void {
  let last = from;
  for (const key of keys) {
    if (!key) continue;
    const atMost = last === from || how === 'one may be both' ? 0 : -1;
    const after = !last || compare(last, key) <= atMost;
    if (!after || (below && compare(key, below) >= 0))
      throw new Damage(`page ${number} has keys out of order`);
    last = key;
  }
}
