import { createServer } from 'node:net';
import { afterAll, describe, expect, it } from '@jest/globals';
import { AppFolders, index, luaEntry, perdure, startPerdure } from '../support/cli.js';

const folders = new AppFolders();
afterAll(() => folders.remove());

/** An app of one process, `app:main`. */
const appOf = (lua: string, more = '') =>
  folders.write({ '_index.yaml': index(luaEntry('main', 'process.lua', more)), 'main.lua': lua });

describe('`perdure run`', () => {
  it('runs until it is told to stop, also when nothing happens', async () => {
    const dir = await appOf('return { main = function() end }');
    const app = startPerdure(['run', dir]);
    await app.waitFor(/is running/);
    app.process.kill('SIGTERM');
    expect((await app.ended).code).toBe(143);
  });

  it('waits for a process that only waits, until --timeout', async () => {
    const dir = await appOf('return { main = function() process.inbox():receive() end }');
    const { code } = await perdure(['run', dir, '-x', 'app:main', '--timeout', '300ms']);
    expect(code).toBe(3);
  });

  it('ends a process that never waits at --timeout', async () => {
    const dir = await appOf('return { main = function() while true do end end }');
    const { code } = await perdure(['run', dir, '-x', 'app:main', '--timeout', '300ms']);
    expect(code).toBe(3);
  });

  it('jumps over idle time with --skip-time, without any Temporal client too', async () => {
    const dir = await appOf(`local time = require("time")
      return { main = function()
        local start = time.now()
        time.sleep("48h")
        return math.floor(time.now():sub(start):hours())
      end }`);
    const { code, stdout } = await perdure(['run', dir, '-x', 'app:main', '--skip-time']);
    expect(stdout).toBe('48\n');
    expect(code).toBe(0);
  });

  it('gives a process that is interrupted its CANCEL, and exits with 130', async () => {
    const dir = await appOf(`return { main = function()
      local events = process.events()
      print("waiting")
      print("got " .. events:receive().kind)
    end }`);
    const app = startPerdure(['run', dir, '-x', 'app:main', '--json']);
    await app.waitFor(/waiting/);
    app.process.kill('SIGINT');
    const { code, stdout, stderr } = await app.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/got CANCEL/);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { kind: 'CANCELED' } });
  });

  it('prints data on stdout alone: text as it is, everything else as JSON', async () => {
    const dir = await appOf('return { main = function(x) return x end }');
    const text = await perdure(['run', dir, '-x', 'app:main', '--input', '"plain"']);
    const list = await perdure(['run', dir, '-x', 'app:main', '--input', '[1,{"a":null}]']);
    expect(text.stdout).toBe('plain\n');
    expect(JSON.parse(list.stdout)).toEqual([1, []]);
  });

  it('takes the exit code from an integer on a terminal.host', async () => {
    const dir = await folders.write({
      '_index.yaml': index(luaEntry('main'), 'name: terminal\nkind: terminal.host'),
      'main.lua': 'return { main = function() return 7 end }',
    });
    expect((await perdure(['run', dir, '-x', 'app:main'])).code).toBe(7);
  });

  it('prints one envelope with --json without -x too, when it ends', async () => {
    const dir = await appOf('return { main = function() end }');
    const { code, stdout } = await perdure(['run', dir, '--json', '--timeout', '1s']);
    expect(code).toBe(3);
    expect(stdout).toBe('{"ok":true,"pid":null,"value":null}\n');
  });

  it('prints an envelope for wrong usage, where --json was asked for', async () => {
    const { code, stdout } = await perdure(['run', '--json', '--bogus']);
    expect(code).toBe(64);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, pid: null, error: { kind: 'INVALID' } });
  });

  it('can be interrupted while it starts, and by --timeout', async () => {
    const silent = createServer(() => {}); // Accepts, and never says a word.
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const dir = await folders.write({
      '_index.yaml': index(
        `name: client\nkind: temporal.client\naddress: "127.0.0.1:${port}"\nconnection_timeout: 60s\nlifecycle: { auto_start: true }`,
      ),
    });
    const connected = new Promise((resolve) => silent.once('connection', resolve));
    const app = startPerdure(['run', dir]);
    await connected;
    app.process.kill('SIGINT');
    const interrupted = await app.ended;
    const late = await perdure(['run', dir, '--timeout', '1s']);
    silent.close();
    expect(interrupted.code).toBe(130);
    expect(interrupted.stderr).toMatch(/interrupted before its start/);
    expect(late.code).toBe(3);
  }, 40_000);

  it('stops in order when nobody reads its stdout any more', async () => {
    const dir = await appOf(`local time = require("time")
      return { main = function()
        local events = process.events()
        for i = 1, 1000000 do
          print("line " .. i)
          time.sleep("1ms")
          if events:try_receive() then return end
        end
      end }`);
    const app = startPerdure(['run', dir, '-x', 'app:main']);
    await app.waitFor(/line 3/);
    app.process.stdout?.destroy();
    const { code, stderr } = await app.ended;
    expect(code).toBe(141);
    expect(stderr).not.toMatch(/Unhandled|throw er/);
  });

  it('says at the usual log level when a service fails, and when it is given up', async () => {
    const dir = await folders.write({
      '_index.yaml': index(
        'name: h\nkind: process.host',
        luaEntry('main'),
        'name: s\nkind: process.service\nprocess: main\nhost: h\nlifecycle: { auto_start: true, restart: { initial_delay: 1ms, max_attempts: 2 } }',
      ),
      'main.lua': 'return { main = function() error("kaboom") end }',
    });
    const app = startPerdure(['run', dir]);
    await app.waitFor(/app:s has failed for good: .*kaboom/);
    app.process.kill('SIGTERM');
    expect((await app.ended).stderr).toMatch(/app:s failed and will be started again: .*kaboom/);
  });
});
