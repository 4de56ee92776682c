/** Looks at a file before the database does, which takes whatever its header says for granted. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { StoreOpenError } from '../store-errors.js';

const SQLITE = 'SQLite format 3\0';

export function checkFile(path: string): void {
  if (!existsSync(path)) return;
  const fd = openSync(path, 'r');
  try {
    if (fstatSync(fd).isDirectory())
      throw new StoreOpenError(path, 'it is a folder', 'name a file in it');
    const head = Buffer.alloc(SQLITE.length);
    const length = readSync(fd, head, 0, head.length, 0);
    if (length === head.length && head.toString('latin1') === SQLITE) {
      throw new StoreOpenError(
        path,
        'it is a SQLite database, such as the temporal command keeps',
        'perdure has a format of its own: name another file',
      );
    }
    const { size } = fstatSync(fd);
    if (size > 0) checkHeader(path, fd);
  } finally {
    closeSync(fd);
  }
}

/** Where the first of LMDB's two headers has its magic number and its version. */
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const VERSION = 2;

function checkHeader(path: string, fd: number): void {
  const header = Buffer.alloc(MAGIC_AT + 8);
  const length = readSync(fd, header, 0, header.length, 0);
  const known =
    length === header.length &&
    header.readUInt32LE(MAGIC_AT) === MAGIC &&
    header.readUInt32LE(MAGIC_AT + 4) === VERSION;
  if (!known) throw new StoreOpenError(path, 'it is no file of this server', 'name another file');
}
