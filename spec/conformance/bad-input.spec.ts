/** What programs get wrong: each is answered with its error, and neighbours are unaffected. */
import { expect } from '@jest/globals';
import { describeOn } from '../support/conformance.js';
import { HOSTS } from '../support/conformance-hosts.js';

/** Tries each line, then shows that a neighbour still answers. */
const main = (...lines: readonly string[]) => `
  local neighbour = spawn_monitored("waiter")
  local answers = {}
  local function try(ok, err) answers[#answers + 1] = { kind(ok, err), err and err:message() } end
  ${lines.join('\n')}
  process.send(neighbour, "end", "unharmed")
  answers[#answers + 1] = next_event().result.value
  return answers`;

describeOn(HOSTS, 'bad input', ({ it, run, start, itLocal }) => {
  it.each([
    ['a function', '{ items = { 1, 2, { fn = print } } }', 'payload.items[3].fn'],
    ['a coroutine', '{ co = coroutine.create(print) }', 'payload.co'],
    ['a channel', '{ ch = channel.new() }', 'payload.ch'],
    ['a cyclic table', '(function() local t = {} t.me = t return t end)()', 'payload.me'],
    ['a table with mixed keys', '{ 1, 2, key = 3 }', 'payload'],
    ['a list with a gap', '{ [1] = 1, [3] = 3 }', 'payload'],
  ])(
    'answers INVALID to %s in a message or an argument, and names the place',
    async (_, value, place) => {
      const got = (await run({
        main: main(
          `try(process.send(neighbour, "t", ${value}))`,
          `try(process.spawn("app:nothing", HOST, ${value}))`,
          `try(process.with_options({}):with_message("t", ${value}))`,
        ),
      })) as [string, string][];
      expect(got.slice(0, 3).map(([kind]) => kind)).toEqual(['INVALID', 'INVALID', 'INVALID']);
      expect(got[0]?.[1]).toContain(place);
      expect(got[3]).toBe('unharmed');
    },
  );

  it('fails a process whose result cannot be copied, and its watchers are told why', async () => {
    const got = await run({
      returns: 'return { fn = print }',
      main: 'spawn_monitored("returns") return show(next_event())',
    });
    expect(got).toMatchObject({ kind: 'EXIT', error: 'INVALID' });
    expect((got as { message: string }).message).toMatch(/fn/);
  });

  it.each([
    ['a PID that is cut off', '"{app"'],
    ['a PID without a host', '"{|1}"'],
    ['a number', '7'],
    ['nothing', 'nil'],
  ])('answers with an error to %s as a target of anything', async (_, target) => {
    const calls = ['monitor', 'unmonitor', 'link', 'unlink', 'cancel', 'terminate'];
    const got = (await run({
      main: main(
        `try(process.send(${target}, "t", 1))`,
        ...calls.map((call) => `try(process.${call}(${target}))`),
      ),
    })) as ([string, string] | string)[];
    expect(got.pop()).toBe('unharmed');
    const kinds = got.map(([kind]) => kind);
    expect(kinds.slice(1)).toEqual(calls.map(() => 'INVALID'));
    expect(['INVALID', 'NOT_FOUND']).toContain(kinds[0]);
  });

  it('answers NOT_FOUND to a host that is not one, and to an entry that is none', async () => {
    const got = await run({
      main: main(
        'try(process.spawn("app:nothing", "app:nowhere"))',
        'try(process.spawn("app:nothing", "app:waiter"))',
        'try(process.spawn("app:missing", HOST))',
        'try(process.spawn("", HOST))',
        'try(process.spawn("app:nothing"))',
        'try(process.exec("app:missing", HOST))',
      ),
    });
    expect(got).toEqual([
      ['NOT_FOUND', expect.stringContaining('app:nowhere')],
      ['NOT_FOUND', expect.stringContaining('app:waiter')],
      ['NOT_FOUND', expect.stringContaining('app:missing')],
      ['INVALID', expect.stringContaining('entry')],
      ['INVALID', expect.stringContaining('host')],
      ['NOT_FOUND', expect.stringContaining('app:missing')],
      'unharmed',
    ]);
  });

  it.each([
    ['a table', 'error({ code = 7 })'],
    ['nil', 'error()'],
    ['a number', 'error(42)'],
    ['a function', 'error(print)'],
    [
      'an error whose __tostring fails',
      'error(setmetatable({}, { __tostring = function() error("no") end }))',
    ],
    [
      'one whose __tostring gives no text',
      'error(setmetatable({}, { __tostring = function() return {} end }))',
    ],
    [
      'one whose __tostring waits',
      'error(setmetatable({}, { __tostring = function() receive() end }))',
    ],
  ])('tells of a process that throws %s with an error that has a text', async (_, body) => {
    const got = (await run({
      thrower: body,
      main: `local neighbour, pid = spawn("waiter"), spawn_monitored("thrower")
        local event = show(next_event())
        process.send(neighbour, "end", "unharmed")
        return { event.error, type(event.message), end_of(neighbour).value }`,
    })) as unknown[];
    expect(got).toEqual(['INTERNAL', 'string', 'unharmed']);
  });

  it.each([
    ['raises', 'error(("x"):rep(5 * 1024 * 1024), 0)'],
    ['returns', 'return nil, ("x"):rep(5 * 1024 * 1024)'],
    ['raises as an error value', 'error(errors.new("CONFLICT", ("x"):rep(5 * 1024 * 1024)))'],
  ])('bounds the message of an error of 5 MB that a process %s', async (_, body) => {
    const got = (await run({
      thrower: body,
      main: 'spawn_monitored("thrower") local m = show(next_event()).message return { #m, m:sub(1, 9) }',
    })) as [number, string];
    expect(got[1]).toBe('xxxxxxxxx');
    expect(got[0]).toBeLessThan(66_000);
  });

  // A workflow that never yields ends by itself, past its instruction budget: rule 8.
  itLocal(
    'lets neighbours go on beside a process that never yields, and terminate reaches it',
    async () => {
      const app = await start({
        spinner: 'while true do end',
        main: `local spinner = spawn_monitored("spinner")
        local neighbour = spawn("waiter")
        process.send(neighbour, "end", "went on")
        process.monitor(neighbour)
        local value = next_event().result.value
        process.terminate(spinner, "enough")
        return { value, show(next_event()).message }`,
      });
      const { value } = await app.exitOf(await app.spawn('main'));
      expect(value).toEqual(['went on', 'process terminated: enough']);
    },
  );
});
