import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';

const run = promisify(execFile);

/** The `go` command, on the path or where Go installs itself. */
function findGo(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/go/bin'];
  return folders.map((folder) => join(folder, 'go')).find((file) => existsSync(file));
}

const go = findGo();
if (!go && process.env.CI)
  throw new Error('Go is not installed: the spec of its SDK needs the go command');

(go ? describe : describe.skip)('a worker and a client of the Go SDK', () => {
  let folder: string;
  let program: string;
  let server: TemporalServer;
  const defects: unknown[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'perdure-go-'));
    program = join(folder, 'program');
    // The first build compiles the SDK; later ones find it in Go's cache.
    await run(go ?? '', ['build', '-o', program, '.'], { cwd: 'spec/e2e/go-sdk' });
    server = await startTemporalServer({
      port: 0,
      onEvent: (event) => void (event.kind === 'defect' && defects.push(event.error)),
    });
  }, 600_000);

  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('does activities with retries, signals, queries, updates, timers and children', async () => {
    const { stdout } = await run(program, [server.address], { timeout: 60_000 });
    expect(JSON.parse(stdout)).toEqual({
      Before: 'waiting',
      Raised: 42,
      Refusal: 'an order does not get cheaper',
      Result: 'shipped with receipt for 42',
      After: 'charged',
      Status: 'Completed',
    });
    expect(defects).toEqual([]);
  }, 90_000);
});
