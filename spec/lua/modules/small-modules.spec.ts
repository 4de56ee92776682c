import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HttpResponse } from '../../../src/kernel/request.js';
import { Use } from '../../../src/lua/module.js';
import { hmacSha256, sha256 } from '../../../src/lua/modules/sha256.js';
import type { RunOptions } from '../../support/lua.js';
import { evaluate, refusal, start } from '../../support/modules.js';

describe('ctx', () => {
  const options: RunOptions = { context: { user: 'u1', flags: { beta: true } } };

  it('reads what the process inherited', () => {
    expect(evaluate('return { ctx.get("user"), ctx.get("flags").beta }', options)).toEqual([
      'u1',
      true,
    ]);
    expect(evaluate('return ctx.all()', options)).toEqual(options.context);
  });

  it('says NOT_FOUND for a missing key, one of every object included', () => {
    expect(refusal('ctx.get("tenant")', options)).toMatch(/^NOT_FOUND: .*"tenant" not found/);
    expect(refusal('ctx.get("constructor")', options)).toMatch(/^NOT_FOUND/);
    expect(refusal('ctx.get({})', options)).toMatch(/^INVALID/);
  });

  it('cannot be changed by what it gave', () => {
    expect(evaluate('ctx.all().user = "x" return ctx.get("user")', options)).toBe('u1');
  });
});

describe('json', () => {
  it('keeps nesting, order and types', () => {
    const text = '{"z":1,"a":[true,{"b":"ü"}],"none":null,"m":1.5}';
    expect(evaluate(`return json.decode('${text}')`)).toEqual({
      z: 1,
      a: [true, { b: 'ü' }],
      m: 1.5,
    });
    expect(evaluate('return json.encode({ z = 1, a = { true, { b = "ü" } } })')).toBe(
      '{"z":1,"a":[true,{"b":"ü"}]}',
    );
  });

  it('writes an empty table as a list', () => {
    expect(evaluate('return json.encode({}) .. json.encode(nil) .. json.encode("x")')).toBe(
      '[]null"x"',
    );
  });

  it('tells no text from malformed text', () => {
    expect(refusal('json.decode("")')).toMatch(/^INVALID/);
    expect(refusal('json.decode(nil)')).toMatch(/^INVALID/);
    expect(refusal('json.decode("{oops")')).toMatch(/^INTERNAL: json\.decode: malformed/);
  });

  it('answers for text that nests too deep', () => {
    expect(refusal('json.decode(("["):rep(5000) .. ("]"):rep(5000))')).toMatch(
      /^INVALID: json\.decode: nesting deeper than 200/,
    );
    expect(evaluate('return #json.encode(json.decode(("["):rep(199) .. ("]"):rep(199)))')).toBe(
      398,
    );
  });

  it('writes text that is larger than a payload, to a limit', () => {
    expect(evaluate('return #json.encode(("x"):rep(3000000))')).toBe(3_000_002);
    expect(evaluate('return #json.encode({ ("x"):rep(3000000) })')).toBe(3_000_004);
    const shared = '(function() local t = {1} for i = 1, 40 do t = {t, t} end return t end)()';
    expect(refusal(`json.encode(${shared})`)).toMatch(
      /^INVALID: .*value has more than 16777216 bytes/,
    );
  });

  it('refuses by path what JSON cannot say', () => {
    expect(refusal('json.encode({ a = { 1, 0/0 } })')).toMatch(/^INVALID: .*value\.a\[2\]/);
    expect(refusal('json.encode({ a = 1/0 })')).toMatch(/value\.a/);
    expect(refusal('json.encode("\\xff")')).toMatch(/^INVALID: .*UTF-8/);
    expect(refusal('json.encode({ f = print })')).toMatch(/value\.f: a function/);
  });

  it('reads back what it wrote', () => {
    // Without null, which Lua cannot hold in a list, and without {}, which is a list in Lua.
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        fc.oneof(
          fc.boolean(),
          fc.string(),
          fc.integer(),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
        ),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('tree'), { minKeys: 1, maxKeys: 4 }),
      ),
    }));
    const main = 'return json.encode(json.decode((...)))';
    fc.assert(
      fc.property(tree, (value) => {
        const text = JSON.stringify(value);
        expect(JSON.parse(evaluate(main, { values: [text] }) as string)).toEqual(JSON.parse(text));
      }),
      { numRuns: 100 },
    );
  });
});

describe('uuid', () => {
  it('v4 has version and variant, and is new each time', () => {
    const randoms = (host: { randoms: number[] }) => host.randoms.push(0.1, 0.2, 0.3, 0.4);
    const host = start('process.inbox():receive() return { uuid.v4(), uuid.v4() }');
    randoms(host);
    const [first, second] = host.send('go').value as string[];
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(second).not.toBe(first);
  });

  it('v7 starts with the time, so that ids sort by it', () => {
    const id = evaluate('return uuid.v7()', { startMs: 0x0123456789ab }) as string;
    expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab]/);
    expect(evaluate('return { uuid.validate(uuid.v7()), uuid.validate("x") }')).toEqual([
      true,
      false,
    ]);
  });
});

describe('crypto', () => {
  it('gives as many random bytes as asked for, under both names', () => {
    expect(evaluate('return { #crypto.random_bytes(33), #crypto.random.bytes(1) }')).toEqual([
      33, 1,
    ]);
    expect(refusal('crypto.random_bytes(0)')).toMatch(/^INVALID/);
  });

  it('makes the digests that everybody makes', () => {
    expect(evaluate('return crypto.sha256("abc")')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    expect(evaluate('return crypto.hmac.sha256("key", "data")')).toBe(
      createHmac('sha256', 'key').update('data').digest('hex'),
    );
  });

  it('agrees with Node about any bytes', () => {
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ maxLength: 200 }),
        (key, data) => {
          expect(hex(sha256(data))).toBe(createHash('sha256').update(data).digest('hex'));
          const hmac = createHmac('sha256', key).update(data).digest('hex');
          expect(hex(hmacSha256(key, data))).toBe(hmac);
        },
      ),
    );
  });
});

describe('base64', () => {
  it('keeps any bytes', () => {
    expect(
      evaluate(`local bytes = "\\0\\xff text"
        return { base64.encode("hello"), base64.decode(base64.encode(bytes)) == bytes }`),
    ).toEqual(['aGVsbG8=', true]);
    expect(refusal('base64.decode("a$b")')).toMatch(/^INVALID/);
    expect(refusal('base64.decode("abcde")')).toMatch(/^INVALID/);
  });
});

describe('env', () => {
  const vars: { readonly [name: string]: string } = { HOME: '/root' };
  const options: RunOptions = {
    onAsk: (request) =>
      request.op === 'env' ? { value: vars[request.name] ?? null, ok: true, error: null } : null,
  };

  it('reads what the host lets it see, and says NOT_FOUND for the rest', () => {
    expect(evaluate('return env.get("HOME")', options)).toBe('/root');
    expect(refusal('env.get("SECRET")', options)).toMatch(/^NOT_FOUND: .*"SECRET" not found/);
  });
});

describe('logger', () => {
  it('passes level, message and fields on, with a dot and with a colon', () => {
    const host = start(`logger.info("started", { id = 1 })
      logger:warn("slow", { ms = 5 })
      logger.debug("bare")`);
    expect(host.logged).toEqual([
      { level: 'info', message: 'started', fields: { id: 1 } },
      { level: 'warn', message: 'slow', fields: { ms: 5 } },
      { level: 'debug', message: 'bare', fields: null },
    ]);
  });

  it('carries a name and fields along', () => {
    const host = start(`local log = logger:named("orders"):with({ order = 7 }):named("pay")
      log:error("failed", { err = errors.new("TIMEOUT", "slow") })`);
    expect(host.logged).toMatchObject([
      {
        level: 'error',
        message: 'failed',
        fields: { logger: 'orders.pay', order: 7, err: { kind: 'TIMEOUT' } },
      },
    ]);
  });

  it('refuses what is no message', () => {
    expect(refusal('logger.info({})')).toMatch(/argument 1 \(message\) must be a string/);
  });
});

describe('http_client', () => {
  const response: HttpResponse = {
    status: 201,
    headers: { 'content-type': 'application/json' },
    body: '{"id":7}',
  };
  const options: RunOptions = { onAsk: () => ({ value: response, ok: true, error: null }) };

  it('sends method, headers, body and timeout', () => {
    const { requests } = start(
      `http_client.post("http://x/orders", {
        headers = { authorization = "t" }, json = { id = 7 }, timeout = "30s" })
      http_client.request("DELETE", "http://x/1")`,
      options,
    );
    expect(requests).toEqual([
      {
        op: 'http',
        http: {
          method: 'POST',
          url: 'http://x/orders',
          headers: { 'content-type': 'application/json', authorization: 't' },
          body: '{"id":7}',
          timeoutMs: 30_000,
        },
      },
      {
        op: 'http',
        http: { method: 'DELETE', url: 'http://x/1', headers: {}, body: null, timeoutMs: null },
      },
    ]);
  });

  it('gives status, headers and body, and decodes JSON', () => {
    expect(
      evaluate(
        `local r = http_client.get("http://x")
        return { r.status_code, r.headers["content-type"], r.body, r:json().id, tostring(r.nothing) }`,
        options,
      ),
    ).toEqual([201, 'application/json', '{"id":7}', 7, 'nil']);
  });

  it('refuses options that it does not know, and a timeout that must be a mistake', () => {
    expect(refusal('http_client.get("u", { timout = "1s" })')).toMatch(/^INVALID: .*"timout"/);
    expect(refusal('http_client.get("u", { timeout = 30 })')).toMatch(/^INVALID: .*"30s"/);
    expect(refusal('http_client.get("u", { headers = { a = {} } })')).toMatch(/"a"/);
  });

  it('is refused in a workflow', () => {
    const host = start('return require("http_client")', { use: Use.WORKFLOW });
    expect(host.error?.kind).toBe('PERMISSION_DENIED');
  });
});
