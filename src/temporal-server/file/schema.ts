/**
 * The version of the file's records: written with the first of them, checked when the file is opened. An older
 * file is brought up to date one version at a time, each in one transaction; a newer one is refused.
 */
import { StoreOpenError } from '../store-errors.js';
import { keys } from './keys.js';
import { MIGRATIONS, type Migrations } from './migrations.js';
import { formats } from './records.js';
import type { Bytes, Write } from './writer.js';

export interface Schema {
  readonly version: number;
  readonly migrations: Migrations;
}

export const SCHEMA: Schema = { version: 2, migrations: MIGRATIONS };

/** @returns what has to be in the first transaction of the file; nothing where it has had one */
export async function bringUpToDate(
  db: Bytes,
  path: string,
  schema: Schema,
): Promise<readonly Write[]> {
  const key = keys.meta('schema');
  const written = db.getBinary(key);
  let version = written ? Number(formats.meta.fromValue(key, written).version) : undefined;
  if (version === undefined) {
    if (!isEmpty(db)) throw foreign(path);
    return [versionWrite(schema.version)];
  }
  if (version > schema.version) {
    throw new StoreOpenError(
      path,
      `it was written by a newer version of perdure (format ${version}; this one knows up to ${schema.version})`,
      'run that version, or name another file',
    );
  }
  for (; version < schema.version; version++) {
    const migration = schema.migrations[version];
    if (!migration)
      throw new StoreOpenError(
        path,
        `it has the old format ${version}, from which nothing leads to ${schema.version}`,
        'open it once with the perdure version before this one, or name another file',
      );
    // A database batch keeps what it got before its callback threw: what is damaged is found before.
    for (const _ of migration(db));
    await write(db, withVersion(migration(db), version + 1));
  }
  return [];
}

function isEmpty(db: Bytes): boolean {
  for (const _ of db.getKeys({ limit: 1 })) return false;
  return true;
}

function foreign(path: string): StoreOpenError {
  return new StoreOpenError(path, 'it is a database of another program', 'name another file');
}

function* withVersion(writes: Iterable<Write>, version: number): Iterable<Write> {
  yield* writes;
  yield versionWrite(version);
}

function versionWrite(version: number): Write {
  const key = keys.meta('schema');
  return [key, formats.meta.toValue(key, { version })];
}

async function write(db: Bytes, writes: Iterable<Write>): Promise<void> {
  await db.batch(() => {
    for (const [key, value] of writes) void (value ? db.put(key, value) : db.remove(key));
  });
}
