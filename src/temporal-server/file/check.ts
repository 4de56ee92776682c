/** Looks at a file before the database does, which takes whatever its header says for granted. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { StoreOpenError } from '../store-errors.js';
import { damageOf, isDatabase } from './pages.js';

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
    if (size > 0) checkHeader(path, fd, size);
  } finally {
    closeSync(fd);
  }
}

function checkHeader(path: string, fd: number, sizeBytes: number): void {
  if (!isDatabase(fd))
    throw new StoreOpenError(path, 'it is no file of this server', 'name another file');
  const damage = damageOf(fd, sizeBytes);
  if (damage !== undefined)
    throw new StoreOpenError(path, `it is damaged: ${damage}`, 'put a copy of it back');
}
