/** A server with a file that is closed and opened again, or opened on what a crash would have left. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { FileStore } from '../../../src/temporal-server/file/file-store.js';
import type {
  ServerEvent,
  TemporalServer,
  TemporalServerOptions,
} from '../../../src/temporal-server/index.js';
import { startOnStore } from '../../../src/temporal-server/server.js';
import { armedCheck } from './armed-check.js';
import { ByHand } from './by-hand.js';
import { type RawClient, rawClient } from './raw.js';

export class OnFile {
  readonly folder = mkdtempSync(join(tmpdir(), 'perdure-file-'));
  dbFilename = join(this.folder, 'server.db');
  readonly #options: TemporalServerOptions;
  readonly #defects: unknown[] = [];
  #server: TemporalServer | undefined;
  #client: RawClient | undefined;
  #opened = 0;

  constructor(options: TemporalServerOptions = {}) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const onEvent = (event: ServerEvent) =>
      void (event.kind === 'defect' && this.#defects.push(event.error));
    this.#server = await startOnStore({ port: 0, ...this.#options, onEvent }, async () =>
      armedCheck(await FileStore.open(this.dbFilename), (difference) =>
        this.#defects.push(difference),
      ),
    );
    this.#client = rawClient(this.#server.address);
    this.#opened += 1;
  }

  get address(): string {
    return this.#server?.address ?? '';
  }

  get client(): RawClient {
    if (!this.#client) throw new Error('the server is not open');
    return this.#client;
  }

  /** Workflows of this opening, with ids of their own. */
  byHand(): ByHand {
    return new ByHand(this.client, `on-file-${this.#opened}`);
  }

  async close(): Promise<void> {
    this.client.close();
    await this.#server?.close();
    expect(this.#defects).toEqual([]);
  }

  async reopen(): Promise<void> {
    await this.close();
    await this.open();
  }

  /** Opens the file as it is on disk while the server is at work. */
  async reopenAsAfterCrash(): Promise<void> {
    const copy = join(this.folder, `copy-${this.#opened}.db`);
    copyFileSync(this.dbFilename, copy);
    await this.close();
    this.dbFilename = copy;
    await this.open();
  }

  async end(): Promise<void> {
    await this.close();
    rmSync(this.folder, { recursive: true });
  }
}
