import { createServer } from 'node:net';
import { afterAll, describe, expect, it } from '@jest/globals';
import { AppFolders, index, luaEntry, perdure } from '../support/cli.js';
import { freePort } from '../support/servers.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

const OK_LUA = 'return { main = function() return 1 end }';

/** Runs `-x app:main --json` in an app of one process with this Lua. */
async function runMain(lua: string, more = '', args: readonly string[] = []) {
  const dir = await folders.write({
    '_index.yaml': index(luaEntry('main', 'process.lua', more)),
    'main.lua': lua,
  });
  const result = await perdure(['run', dir, '-x', 'app:main', '--json', ...args]);
  return { ...result, envelope: JSON.parse(result.stdout) as Envelope };
}

interface Envelope {
  readonly ok: boolean;
  readonly pid: string | null;
  readonly value?: unknown;
  readonly error?: { kind: string; message: string; retryable: boolean | null; details: unknown };
}

describe('bad input to `perdure run`', () => {
  it('YAML that does not parse: file, line and column; exit 1; nothing ran', async () => {
    const dir = await folders.write({ '_index.yaml': 'version: "1.0"\nentries: [\n' });
    const { code, stderr, stdout } = await perdure(['run', dir, '-x', 'app:main', '--json']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/_index\.yaml:\d+:\d+/);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, pid: null, error: { kind: 'INVALID' } });
  });

  it('says all problems of the configuration at once, with suggestions', async () => {
    const dir = await folders.write({
      '_index.yaml': index(
        'name: a\nkind: process.luaa\nsource: file://a.lua',
        'name: b\nkind: process.lua\nsource: file://missing.lua\nmetod: main',
      ),
    });
    const { code, stderr } = await perdure(['run', dir]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/did you mean process\.lua/);
    expect(stderr).toMatch(/did you mean method/);
    expect(stderr).toMatch(/missing\.lua/);
  });

  it('a folder that is not there', async () => {
    const { code, stderr } = await perdure(['run', '/no/such/folder']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no\/such\/folder/);
  });

  it('a Lua syntax error: file and line, before anything starts', async () => {
    const { code, envelope } = await runMain('local x =\n  = 2');
    expect(code).toBe(1);
    expect(envelope).toMatchObject({ ok: false, pid: null, error: { kind: 'INVALID' } });
    expect(envelope.error?.message).toMatch(/main\.lua:2/);
  });

  it('a source without the method: names the entry and what is there', async () => {
    const { code, envelope } = await runMain('return { start = function() end }');
    expect(code).toBe(2);
    expect(envelope.error?.kind).toBe('INVALID');
    expect(envelope.error?.message).toMatch(/main.*start/s);
  });

  it('a module that is not in the list: names it', async () => {
    const { code, envelope } = await runMain(
      'local http = require("http_client")\nreturn { main = function() end }',
      'modules: [time]',
    );
    expect(code).toBe(2);
    expect(envelope.error?.message).toMatch(/http_client/);
    expect(envelope.error?.message).toMatch(/modules/);
  });

  it('an entry that the app does not have', async () => {
    const dir = await folders.write({ '_index.yaml': index(luaEntry('main')), 'main.lua': OK_LUA });
    const { code, stderr, stdout } = await perdure(['run', dir, '-x', 'app:mian', '--json']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/entry not found: app:mian.*app:main/);
    expect(JSON.parse(stdout)).toMatchObject({ pid: null, error: { kind: 'NOT_FOUND' } });
  });

  it('an unknown host and an unknown entry at spawn are errors of the program', async () => {
    const { envelope } = await runMain(`return { main = function()
      local _, a = process.spawn("app:main", "app:nowhere")
      local _, b = process.spawn("app:nothing", "perdure:processes")
      return { a:kind(), a:message(), b:kind(), b:message() }
    end }`);
    const [hostKind, host, entryKind, entry] = envelope.value as string[];
    expect([hostKind, entryKind]).toEqual(['NOT_FOUND', 'NOT_FOUND']);
    expect(host).toMatch(/not found: app:nowhere/);
    expect(entry).toMatch(/not found: app:nothing/);
  });

  it('a host that the app does not have, before any service starts', async () => {
    const dir = await folders.write({
      '_index.yaml': index(
        luaEntry('main'),
        'name: h\nkind: process.host',
        'name: s\nkind: process.service\nprocess: main\nhost: h\nlifecycle: { auto_start: true }',
      ),
      'main.lua': 'return { main = function() print("started") end }',
    });
    const { code, stdout, stderr } = await perdure([
      'run',
      dir,
      '-x',
      'app:main',
      '--host',
      'app:hh',
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/host not found: app:hh/);
    expect(stdout + stderr).not.toMatch(/started/);
  });

  it('a module in a list where it could never be required', async () => {
    const dir = await folders.write({
      '_index.yaml': index(
        'name: c\nkind: temporal.client',
        'name: worker\nkind: temporal.worker\nclient: c\ntask_queue: q',
        luaEntry(
          'main',
          'workflow.lua',
          'modules: [http_client]\nmeta:\n  temporal:\n    workflow:\n      worker: worker',
        ),
      ),
      'main.lua': OK_LUA,
    });
    const { code, stderr } = await perdure(['run', dir]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/_index\.yaml:\d+:\d+: app:main modules: http_client is for/);
  });

  it('a wait that is not a duration raises: nothing goes on as if it had waited', async () => {
    const { code, envelope } = await runMain(
      'local time = require("time")\nreturn { main = function()\n  time.sleep("2 hours")\n  return "shipped"\nend }',
    );
    expect(code).toBe(2);
    expect(envelope.error).toMatchObject({ kind: 'INVALID' });
    expect(envelope.error?.message).toMatch(/2 hours/);
  });

  it('--input that is not JSON is wrong usage', async () => {
    const dir = await folders.write({ '_index.yaml': index(luaEntry('main')), 'main.lua': OK_LUA });
    const { code, stderr } = await perdure(['run', dir, '-x', 'app:main', '--input', 'hello']);
    expect(code).toBe(64);
    expect(stderr).toMatch(/--input hello: not JSON/);
  });

  it.each([
    [['run']],
    [['run', 'x', '--nonsense']],
    [['nonsense']],
    [['run', 'x', '--input', '1']],
    [['run', 'x', '-x', 'a:b', '--timeout', 'soon']],
    [['run', 'x', '--address', 'localhost']],
    [['run', 'x', '--address', 'localhost:7233', '--skip-time']],
    [['server', 'start-dev', '--port', 'high']],
  ])('%p is wrong usage: exit 64', async (args) => {
    const { code, stderr } = await perdure(args);
    expect(code).toBe(64);
    expect(stderr).not.toBe('');
  });

  it('several hosts and no choice: exit 64, both named', async () => {
    const dir = await folders.write({
      '_index.yaml': index(
        luaEntry('main'),
        'name: one\nkind: process.host',
        'name: two\nkind: process.host',
      ),
      'main.lua': OK_LUA,
    });
    const { code, stderr } = await perdure(['run', dir, '-x', 'app:main']);
    expect(code).toBe(64);
    expect(stderr).toMatch(/app:one.*app:two/);
    expect((await perdure(['run', dir, '-x', 'app:main', '--host', 'app:two'])).code).toBe(0);
  });

  it('a payload that cannot be sent: names the path', async () => {
    const { envelope } = await runMain(`return { main = function()
      local ok, err = process.send(process.pid(), "t", { items = { 1, { fn = print } } })
      return { ok = ok, kind = err:kind(), message = err:message() }
    end }`);
    expect(envelope.value).toMatchObject({ kind: 'INVALID' });
    expect(JSON.stringify(envelope.value)).toMatch(/items\[2\]\.fn/);
  });

  it('a result that cannot be sent fails the process, naming the path', async () => {
    const { code, envelope } = await runMain(
      'return { main = function() return { f = print } end }',
    );
    expect(code).toBe(2);
    expect(envelope.error).toMatchObject({ kind: 'INVALID' });
    expect(envelope.error?.message).toMatch(/result\.f/);
  });

  it('an error of the program: exit 2, kind, message with file and line', async () => {
    const { code, envelope } = await runMain(
      'return { main = function()\n  local t = nil\n  return t.x\nend }',
    );
    expect(code).toBe(2);
    expect(envelope.error).toMatchObject({ kind: 'INTERNAL', retryable: false });
    expect(envelope.error?.message).toMatch(/main\.lua:3/);
  });

  it('--timeout that passes: exit 3', async () => {
    const { code, envelope } = await runMain(
      'return { main = function() process.inbox():receive() end }',
      '',
      ['--timeout', '300ms'],
    );
    expect(code).toBe(3);
    expect(envelope.error?.kind).toBe('TIMEOUT');
  });

  it('a port in use by something that is not Temporal', async () => {
    const squatter = createServer((socket) => {
      socket.on('error', () => {}); // The client may hang up first.
      socket.end('hello\r\n');
    });
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as { port: number };
    const dir = await temporalApp(`127.0.0.1:${port}`, 'connection_timeout: 1s');
    const { code, stderr } = await perdure(['run', dir, '-x', 'app:main']);
    squatter.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/not a Temporal server/);
  });

  it('nobody at the address and no embedded server allowed: tried for connection_timeout', async () => {
    const dir = await temporalApp(
      `127.0.0.1:${await freePort()}`,
      'embedded: false\nconnection_timeout: 700ms',
    );
    const started = Date.now();
    const { code, stderr } = await perdure(['run', dir, '-x', 'app:main']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no Temporal server at 127\.0\.0\.1:\d+/);
    expect(stderr).toMatch(/700ms/);
    expect(Date.now() - started).toBeGreaterThan(600);
  });

  it('production never gets an embedded server by itself', async () => {
    const dir = await temporalApp(`127.0.0.1:${await freePort()}`, 'connection_timeout: 300ms');
    const env = { NODE_ENV: 'production' };
    const { code, stderr } = await perdure(['run', dir, '-x', 'app:main'], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/no Temporal server/);
  });

  it('a workflow whose code fails ends with that error', async () => {
    const dir = await temporalApp(`127.0.0.1:${await freePort()}`, '');
    const { code, stdout } = await perdure(['run', dir, '-x', 'app:broken', '--json']);
    expect(code).toBe(2);
    const { error } = JSON.parse(stdout) as Envelope;
    expect(error).toMatchObject({ kind: 'INTERNAL' });
    expect(error?.message).toMatch(/broken\.lua:1/);
  });
});

/** An app with a Temporal client at `address` and a worker on it. */
async function temporalApp(address: string, more: string): Promise<string> {
  const start = 'lifecycle:\n  auto_start: true';
  return folders.write({
    '_index.yaml': index(
      `name: client\nkind: temporal.client\naddress: "${address}"\n${more}\n${start}`,
      `name: worker\nkind: temporal.worker\nclient: client\ntask_queue: q\n${start}`,
      luaEntry('main'),
      luaEntry('broken', 'workflow.lua', 'meta:\n  temporal:\n    workflow:\n      worker: worker'),
    ),
    'main.lua': OK_LUA,
    'broken.lua': 'return { main = function() local t = nil; return t.x end }',
  });
}
