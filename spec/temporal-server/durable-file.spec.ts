import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FileStore } from '../../src/temporal-server/file/file-store.js';
import { keys } from '../../src/temporal-server/file/keys.js';
import { formats } from '../../src/temporal-server/file/records.js';
import { SCHEMA, type Schema } from '../../src/temporal-server/file/schema.js';
import { type Bytes, Writer } from '../../src/temporal-server/file/writer.js';
import { startTemporalServer } from '../../src/temporal-server/index.js';
import { startOnStore } from '../../src/temporal-server/server.js';

/** A format that is one newer than the server's, and turns every namespace's description over. */
const NEXT: Schema = {
  version: SCHEMA.version + 1,
  migrations: {
    ...SCHEMA.migrations,
    *[SCHEMA.version](db) {
      const key = keys.namespace('default');
      const value = db.getBinary(key);
      if (!value) return;
      const known = formats.namespace.fromValue(key, value);
      yield [key, formats.namespace.toValue(key, { ...known, description: 'migrated' })];
    },
  },
};

describe('the file of a server', () => {
  let folder: string;
  let dbFilename: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'perdure-file-'));
    dbFilename = join(folder, 'server.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const start = () => startTemporalServer({ port: 0, dbFilename });

  it('is refused to a second server, and free when the first has ended', async () => {
    const server = await start();
    await expect(start()).rejects.toThrow('another server has it open');
    await server.close();
    await (await start()).close();
    await (await start()).close();
  });

  it('is made together with its folder', async () => {
    dbFilename = join(folder, 'a', 'b', 'server.db');
    await (await start()).close();
    await (await start()).close();
  });

  it('is new still when nothing was written to it', async () => {
    await (await FileStore.open(dbFilename, NEXT)).close();
    await (await start()).close();
    await (await start()).close();
  });

  it('says its version in its first transaction, also when the first that was tried failed', async () => {
    const written: string[][] = [];
    let isFull = true;
    const database = {
      async batch(fill: () => void) {
        written.push([]);
        fill();
        if (isFull) throw new Error('No space left on device');
      },
      put(key: Buffer) {
        written.at(-1)?.push(key.toString());
        return Promise.resolve(true);
      },
    };
    const writeOf = (key: string) => [Buffer.from(key), Buffer.from('value')] as const;
    const writer = new Writer(database as unknown as Bytes, [writeOf('version')]);
    await expect(writer.write([writeOf('a')])).rejects.toThrow('No space left on device');
    isFull = false;
    await writer.write([writeOf('b')]);
    await writer.write([writeOf('c')]);
    expect(written).toEqual([['version', 'a'], ['version', 'b'], ['c']]);
  });

  it('is refused when a newer version has written it', async () => {
    const newer = await startOnStore({ port: 0 }, () => FileStore.open(dbFilename, NEXT));
    await newer.close();
    await expect(start()).rejects.toThrow(
      `${dbFilename}: it was written by a newer version of perdure (format ${NEXT.version}; this one knows up to ${SCHEMA.version}); run that version, or name another file`,
    );
    await (await FileStore.open(dbFilename, NEXT)).close(); // and it was left as it is
  });

  it('is brought up to date when an older version has written it', async () => {
    await (await start()).close();
    const store = await FileStore.open(dbFilename, NEXT);
    expect([...store.namespaces()]).toMatchObject([{ name: 'default', description: 'migrated' }]);
    await store.close();
  });

  it('is refused when it is so old that nothing leads from there', async () => {
    await (await start()).close();
    await expect(
      FileStore.open(dbFilename, { version: SCHEMA.version + 1, migrations: {} }),
    ).rejects.toMatchObject({
      why: `it has the old format ${SCHEMA.version}, from which nothing leads to ${SCHEMA.version + 1}`,
    });
  });

  it('is refused when it is something else', async () => {
    writeFileSync(dbFilename, Buffer.from(`SQLite format 3\0${'x'.repeat(9000)}`));
    await expect(start()).rejects.toThrow(
      'it is a SQLite database, such as the temporal command keeps',
    );
    writeFileSync(dbFilename, 'x'.repeat(9000));
    await expect(start()).rejects.toThrow(`${dbFilename}: it is no file of this server`);
    rmSync(dbFilename);
    mkdirSync(dbFilename);
    await expect(start()).rejects.toThrow('it is a folder; name a file in it');
  });
});
