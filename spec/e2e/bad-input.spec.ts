import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { startTemporalServer } from '../../src/temporal-server/index.js';
import { makeCertificates } from '../support/certificates.js';
import { AppFolders, index, luaEntry, perdure } from '../support/cli.js';
import { freePort } from '../support/servers.js';
import { refusingServer, tlsProxy } from '../support/tls-servers.js';

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

  it('a workflow on a worker that the app does not have, or on what is no worker', async () => {
    const dir = await folders.write({
      '_index.yaml': index(
        'name: host\nkind: process.host',
        luaEntry('a', 'workflow.lua', 'meta:\n  temporal:\n    workflow:\n      worker: wroker'),
        luaEntry('b', 'workflow.lua', 'meta:\n  temporal:\n    workflow:\n      worker: host'),
        'name: client\nkind: temporal.client',
        'name: worker\nkind: temporal.worker\nclient: client\ntask_queue: q',
      ),
      'a.lua': OK_LUA,
      'b.lua': OK_LUA,
    });
    const { code, stderr } = await perdure(['run', dir]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/app:a meta\.temporal\.workflow\.worker.*wroker.*did you mean.*worker/);
    expect(stderr).toMatch(
      /app:b meta\.temporal\.workflow\.worker.*process\.host.*temporal\.worker/,
    );
  });

  it('a workflow whose worker is not started', async () => {
    const dir = await temporalApp(`127.0.0.1:${await freePort()}`, '', 'auto_start: false');
    const { code, stderr } = await perdure(['run', dir, '-x', 'app:broken']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/app:worker is not started; give it lifecycle: \{ auto_start: true \}/);
  });

  it('a namespace that the server does not have', async () => {
    const server = await startTemporalServer({ port: 0 });
    const dir = await temporalApp(server.address, 'namespace: nowhere');
    const { code, stderr } = await perdure(['run', dir, '-x', 'app:main']);
    await server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/app:client.*namespace not found: nowhere.*namespace create nowhere/);
  });

  it('an API key that the server does not take, which is not shown', async () => {
    const server = await refusingServer();
    const dir = await temporalApp(server.address, 'api_key: sk-secret\ntls: { enabled: false }');
    const { code, stderr, stdout } = await perdure(['run', dir, '-x', 'app:main', '--json']);
    await server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/app:client.*does not let us in.*API key is wrong, has expired/);
    expect(JSON.parse(stdout)).toMatchObject({ error: { kind: 'PERMISSION_DENIED' } });
    expect(stderr + stdout).not.toContain('sk-secret');
  });

  it('an API key that would go to another machine in the open', async () => {
    const dir = await temporalApp(
      'temporal.invalid:7233',
      'api_key: sk-secret\ntls: { enabled: false }',
    );
    const { code, stderr } = await perdure(['run', dir, '-x', 'app:main']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/app:client: without TLS its API key would go to temporal\.invalid/);
    expect(stderr).not.toContain('sk-secret');
  });

  it('a certificate that does not fit', async () => {
    const certs = makeCertificates();
    const behind = await startTemporalServer({ port: 0 });
    const server = await tlsProxy(behind.address, certs.elsewhere);
    const tls = `tls: { ca_file: "${certs.ca.certFile}" }`;
    const dir = await temporalApp(server.address, tls);
    const { code, stderr } = await perdure(['run', dir, '-x', 'app:main']);
    await server.close();
    await behind.close();
    rmSync(certs.folder, { recursive: true });
    expect(code).toBe(1);
    expect(stderr).toMatch(/app:client.*TLS with the Temporal server.*set tls\.server_name/);
  });

  it('options and payloads that no workflow can have, before anything is sent', async () => {
    const lua = `return { main = function()
      local function try(options, ...)
        local _, err = process.with_options(options):spawn("app:broken", "app:worker", ...)
        return err:kind() .. ": " .. err:message()
      end
      return {
        try({ ["temporal.workflow.runtimeout"] = "1s" }),
        try({ ["temporl.workflow.id"] = "x" }),
        try({ ["temporal.workflow.id_conflict_policy"] = "retry" }),
        try({}, string.rep("x", 3 * 1024 * 1024)),
      }
    end }`;
    const dir = await temporalApp(`127.0.0.1:${await freePort()}`, '', 'auto_start: true', lua);
    const { stdout } = await perdure(['run', dir, '-x', 'app:main', '--json']);
    const [misspelt, group, value, large] = (JSON.parse(stdout) as Envelope).value as string[];
    expect(misspelt).toMatch(/^INVALID: .*did you mean temporal\.workflow\.run_timeout/);
    expect(group).toMatch(/^INVALID: unknown option: temporl\.workflow\.id; did you mean/);
    expect(value).toMatch(/^INVALID: .*id_conflict_policy: expected one of use_existing/);
    expect(large).toMatch(/^INVALID: payload has more than 2097152 bytes/);
  });

  it('files in a workflow: says that there are none, and what there is', async () => {
    const dir = await temporalApp(`127.0.0.1:${await freePort()}`, '');
    await writeFile(join(dir, 'broken.lua'), 'return { main = function() io.open("x") end }');
    const { code, stderr } = await perdure(['run', dir, '-x', 'app:broken']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/broken\.lua:1: .*io is not there.*calls as an activity/);
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
async function temporalApp(
  address: string,
  more: string,
  workerStart = 'auto_start: true',
  main = OK_LUA,
): Promise<string> {
  const start = 'lifecycle:\n  auto_start: true';
  return folders.write({
    '_index.yaml': index(
      `name: client\nkind: temporal.client\naddress: "${address}"\n${more}\n${start}`,
      `name: worker\nkind: temporal.worker\nclient: client\ntask_queue: q\nlifecycle:\n  ${workerStart}`,
      luaEntry('main'),
      luaEntry('broken', 'workflow.lua', 'meta:\n  temporal:\n    workflow:\n      worker: worker'),
    ),
    'main.lua': main,
    'broken.lua': 'return { main = function() local t = nil; return t.x end }',
  });
}
