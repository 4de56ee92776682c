/** The same programs in a local process and in a workflow: what the modules do is the same in both. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { describeSamples } from '../support/sample-app.js';
import { freePort } from '../support/servers.js';

const programs = {
  times: `
    return function()
      local now = time.now()
      local later = now:add("1h30m")
      local gap = later:sub(now)
      local half = time.parse_duration("90m")
      return {
        order = { now < later, later > now, now <= now, now == time.unix(now:unix(), now:nanosecond()), now:before(later), later:after(now) },
        gap = { gap:hours(), gap:minutes(), gap:seconds(), gap:milliseconds(), gap == half, tostring(half) },
        minus = (later - "30m"):sub(now):minutes(), plus = (now + 2 * time.HOUR):sub(now):hours(),
        units = { time.NANOSECOND, time.MICROSECOND, time.MILLISECOND, time.SECOND, time.MINUTE, time.HOUR },
        epoch = time.unix(0):format(), parsed = time.parse(time.DATE_ONLY, "2030-05-06"):unix(),
        wrong = { select(2, time.parse_duration("soon")):kind(), select(2, time.parse(time.RFC3339, "x")):kind() },
      }
    end`,
  waits: `
    return function()
      local start = time.now()
      local function hours() return time.now():sub(start):hours() // 1 end
      time.sleep("1h")
      time.sleep_until(start:add("2h"))
      local slept = hours()
      local at = time.after("1h"):receive()
      local timer, stopped = time.timer("1h"), time.timer("1h")
      local stop = { stopped:stop(), stopped:stop() }
      timer:reset("2h")
      timer:channel():receive()
      local after_timer = hours()
      local ticker, ticks = time.ticker("30m"), 0
      for _ = 1, 4 do ticker:response():receive() ticks = ticks + 1 end
      ticker:stop()
      return { slept = slept, at = at:sub(start):hours() // 1, stop = stop, after_timer = after_timer, ticks = ticks, hours = hours() }
    end`,
  calls: `
    return function()
      local executor = funcs.new():with_options({ ["activity.start_to_close_timeout"] = "5s" }):with_context({ tenant = "t-1" })
      local doubled, tenant = executor:call("app:double", 21)
      local future = executor:async("app:double", 4)
      local pending = { future:is_complete(), (future:result()) }
      local payload, ok = future:response():receive()
      local failing = funcs.async("app:fails")
      local failure, answered = failing:response():receive()
      local err, failed = failing:error()
      local given_up = funcs.async("app:slow")
      local canceled = { given_up:cancel(), given_up:is_canceled(), select(2, given_up:result()):kind() }
      return {
        doubled = doubled, inherited = funcs.new():with_context({ tenant = "t-2" }):call("app:tenant"),
        pending = pending, payload = payload:data(), ok = ok, again = future:result():data(), complete = future:is_complete(),
        failure = { failure:kind(), answered, err:kind(), failed }, canceled = canceled,
      }
    end`,
  errors: `
    return function()
      local plain = errors.new("just text")
      local of_kind = errors.new("TIMEOUT", "too late")
      local whole = errors.new({ kind = errors.NOT_FOUND, message = "no order 7", retryable = true, details = { id = 7 } })
      local wrapped = errors.wrap(whole, "desk")
      local caught, raised = pcall(error, wrapped)
      local _, spoken = pcall(error, "plain text")
      return {
        plain = { plain:kind(), tostring(plain), plain:retryable() == nil }, of_kind = { of_kind:kind(), of_kind:message(), of_kind:retryable() },
        whole = { whole:kind(), whole:retryable(), whole:details().id }, wrapped = { tostring(wrapped), wrapped:message(), wrapped:kind() },
        is = { errors.is(wrapped, "NotFound"), errors.is(wrapped, errors.TIMEOUT) }, raised = raised == wrapped, caught = caught,
        text = "error: " .. whole, length = #tostring(plain), spoken = spoken, userdata = type(whole),
      }
    end`,
  small: `
    local json, uuid, crypto, base64 = require("json"), require("uuid"), require("crypto"), require("base64")
    local ctx, logger = require("ctx"), require("logger")
    return function()
      local decoded = json.decode('{"a":[1,{"b":null}],"c":"ü"}')
      local _, malformed = json.decode("{")
      local id = uuid.v4()
      local value, missing = ctx.get("nothing")
      logger.named("desk"):with({ order = 7 }):info("sample logged", { parcels = 2 })
      return {
        json = { json.encode({ 1, 2 }), json.encode({}), decoded.a[1], decoded.c, malformed:kind() },
        uuid = { uuid.validate(id), uuid.validate("x"), id ~= uuid.v4(), uuid.validate(uuid.v7()) },
        crypto = { #crypto.random_bytes(32), #crypto.random.bytes(8), crypto.sha256("abc"):sub(1, 8), #crypto.hmac.sha256("k", "d") },
        base64 = { base64.encode("hi"), base64.decode("aGk=") }, ctx = { value == nil, missing:kind(), next(ctx.all()) == nil },
      }
    end`,
  channels: `
    return function()
      local jobs, done = channel.new(2), channel.new()
      coroutine.spawn(function(factor)
        for job in jobs:iter() do done:send(job * factor) end
        done:close()
      end, 10)
      local room = { jobs:try_send(1), jobs:try_send(2), jobs:try_send(3) }
      local nothing = channel.select{ done:case_receive(), default = true }
      local got = {}
      for value in done:iter() do
        table.insert(got, value)
        if #got == 2 then jobs:close() end
      end
      local inbox, events = process.inbox(), process.events()
      local _, ok, late = inbox:receive_timeout("1s")
      local _, _, late_event = events:receive_timeout("1s")
      local empty = { select(2, inbox:try_receive()), select(2, events:try_receive()), select(2, done:try_receive()) }
      process.send(process.pid(), "self", "hello")
      local heard = inbox:receive()
      local chosen = channel.select{ inbox:case_receive(), time.after("1s"):case_receive() }
      return {
        room = room, nothing = nothing.default, got = got, timeout = { ok, late:kind(), late_event:kind() }, empty = empty,
        heard = { heard:topic(), heard:payload():data(), heard:from() == process.pid() }, chosen = chosen.ok, other = chosen.channel ~= inbox,
      }
    end`,
};

const expected: { readonly [P in keyof typeof programs]: unknown } = {
  times: {
    order: [true, true, true, true, true, true],
    gap: [1.5, 90, 5400, 5_400_000, true, '1h30m0s'],
    minus: 60,
    plus: 2,
    units: [1, 1e3, 1e6, 1e9, 60e9, 3600e9],
    epoch: '1970-01-01T00:00:00Z',
    parsed: Date.UTC(2030, 4, 6) / 1000,
    wrong: ['INVALID', 'INVALID'],
  },
  waits: { slept: 2, at: 3, stop: [true, false], after_timer: 5, ticks: 4, hours: 7 },
  calls: {
    doubled: 42,
    inherited: 't-2',
    pending: [false],
    payload: 8,
    ok: true,
    again: 8,
    complete: true,
    failure: ['CONFLICT', true, 'CONFLICT', true],
    canceled: [true, true, 'CANCELED'],
  },
  errors: {
    plain: ['UNKNOWN', 'just text', true],
    of_kind: ['TIMEOUT', 'too late', true],
    whole: ['NOT_FOUND', true, 7],
    wrapped: ['desk: no order 7', 'no order 7', 'NOT_FOUND'],
    is: [true, false],
    raised: true,
    caught: false,
    text: 'error: no order 7',
    length: 9,
    spoken: 'plain text',
    userdata: 'userdata',
  },
  small: {
    json: ['[1,2]', '[]', 1, 'ü', 'INTERNAL'],
    uuid: [true, false, true, true],
    crypto: [32, 8, 'ba7816bf', 64],
    base64: ['aGk=', 'hi'],
    ctx: [true, 'NOT_FOUND', true],
  },
  channels: {
    room: [true, true, false],
    nothing: true,
    got: [10, 20],
    timeout: [false, 'TIMEOUT', 'TIMEOUT'],
    empty: [false, false, false],
    heard: ['self', 'hello', true],
    chosen: true,
    other: true,
  },
};

const activities = {
  double: 'return function(n) return n * 2 end',
  tenant: 'return function() return (ctx.get("tenant")) end',
  fails: 'return function() return nil, errors.new("CONFLICT", "not today") end',
  slow: 'return function() time.sleep("10s") return "late" end',
  /** What only code outside of workflows can reach. */
  outside: `
    local env, http_client = require("env"), require("http_client")
    return function(url, closed)
      local missing, err = env.get("NO_SUCH_VARIABLE")
      local response = assert(http_client.post(url, { json = { ask = env.get("SAMPLE_NAME") }, timeout = "5s" }))
      local unreachable, failure = http_client.get(closed, { timeout = "5s" })
      return { missing = err:kind(), status = response.status, answer = response:json(), failure = failure:kind() }
    end`,
};

const durable = Object.fromEntries(
  Object.entries(programs).map(([name, text]) => [`durable_${name}`, text]),
);
const workflows = {
  ...durable,
  durable_outside: 'return function(...) return assert(funcs.call("app:outside", ...)) end',
};

const processes = {
  ...programs,
  local_outside: 'return function(...) return assert(funcs.call("app:outside", ...)) end',
};

const samples = { activities, workflows, processes, env: { SAMPLE_NAME: 'sample' } };

describeSamples('modules', samples, (app) => {
  describe.each([
    ['a local process', ''],
    ['a workflow', 'durable_'],
  ])('in %s', (_where, prefix) => {
    it.each(Object.entries(expected))('%s', async (name, result) => {
      expect(await app().run(prefix + name)).toEqual(result);
    });
  });

  it.each(['local_outside', 'durable_outside'])(
    'env and http_client, in functions, for %s',
    async (caller) => {
      const { server, url } = await answering();
      try {
        const closed = `http://127.0.0.1:${await freePort()}/`;
        expect(await app().run(caller, url, closed)).toEqual({
          missing: 'NOT_FOUND',
          status: 200,
          answer: { asked: 'sample' },
          failure: 'UNAVAILABLE',
        });
      } finally {
        server.close();
      }
    },
  );
});

/** A server that gives back what it is asked. */
async function answering(): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      const { ask } = JSON.parse(body) as { ask: string };
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ asked: ask }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}
