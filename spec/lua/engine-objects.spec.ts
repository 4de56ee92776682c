import { describe, expect, it } from '@jest/globals';
import type { PerdureError } from '../../src/core/errors.js';
import { evalLua, startLua } from '../support/lua.js';
import { luaTestModule } from '../support/lua-test-module.js';

const run = (body: string) => evalLua(body, { modules: [luaTestModule()] });
const failure = (body: string): PerdureError | null =>
  startLua(`return function() ${body} end`, { modules: [luaTestModule()] }).error;

describe('a host object in Lua', () => {
  it('has methods, fields, a text, order, equality and arithmetic', () => {
    expect(
      run(`
        local a, b = test.amount(150), test.amount(250)
        assert(type(a) == "userdata" and a:cents() == 150 and a.euros == 1 and a.nothing == nil)
        assert(tostring(a) == "1.50 EUR" and a .. "!" == "1.50 EUR!" and "=" .. a == "=1.50 EUR" and a .. b == "1.50 EUR2.50 EUR" and 1 .. a == "11.50 EUR")
        assert(a == test.amount(150) and a ~= b and a < b and a <= b and b > a and not (b <= a))
        assert((a + b):cents() == 400 and (b - a):cents() == 100 and (a + 1):cents() == 250 and (1 + a):cents() == 250)
        assert(a:plus(b):cents() == 400)
        assert(("%s"):format(a) == "1.50 EUR" and string.len(a) == 8 and ("1.50 EUR"):find(a, 1, true) == 1)
        return "held"`),
    ).toBe('held');
  });

  it('is the same userdata each time, so it can be a key', () => {
    expect(
      run(
        'local t = {} t[test.handle()] = 1 return t[test.handle()] == 1 and test.handle() == test.handle()',
      ),
    ).toBe(true);
  });

  it('is remembered only once the program has passed it on, where it is fleeting', () => {
    expect(
      run(`
        local a, b = test.ticket(), test.ticket()
        assert(not rawequal(a, b), "nothing was passed on yet")
        assert(rawequal(test.echo(b), b) and rawequal(test.ticket(), b))
        return "held"`),
    ).toBe('held');
  });

  it('cannot be tampered with', () => {
    expect(run('return getmetatable(test.amount(1)) == false')).toBe(true);
    expect(failure('test.amount(1).x = 1')?.message).toMatch(/attempt to index/);
    expect(failure('setmetatable(test.amount(1), {})')?.message).toMatch(/table expected/);
    expect(failure('local f = test.amount(1).cents f(test.handle())')?.message).toMatch(
      /amount expected/,
    );
  });

  it('is printed without an address where it has no text', () => {
    expect(run('return tostring(test.handle())')).toBe('handle');
    expect(run('return tostring({}) .. tostring({})')).toBe('table: 1table: 2');
    expect(run('local t = {} return tostring(t) == tostring(t)')).toBe(true);
  });

  it('must have a declared type', () => {
    expect(failure('test.stranger()')).toMatchObject({
      kind: 'INTERNAL',
      message: 'an object of class Stranger has no form in Lua; declare an ObjectType',
    });
  });
});

describe('values', () => {
  it('arrive in module functions, and come back, as they were', () => {
    expect(
      run(`
        local t = {}
        local a, b, c, d, e, f = test.echo(nil, true, 1.5, "s", t, print)
        assert(a == nil and b == true and c == 1.5 and d == "s" and e == t and f == print)
        assert(test.count() == 0 and test.count(nil) == 1 and test.count(1, nil, nil, nil, nil) == 5)
        assert(test.kind({}) == "table" and test.kind(print) == "function" and test.kind(coroutine.create(print)) == "thread")
        local co = coroutine.create(print) assert(test.echo(co) == co)
        assert(#test.items({1, 2, nil, 4}) == 2 and test.get({a = {b = 1}}, "a").b == 1 and test.get({}, "x") == nil)
        assert(table.concat(test.fields({x = 1, y = 2, 3}), ",") == "x,y")
        assert(test.double(21) == 42 and test.limits.small == 1)
        local n = test.nested() assert(n.list[1]:cents() == 1 and n.list[2].deep:cents() == 2 and n.none == nil)
        return "held"`),
    ).toBe('held');
  });

  it('belong to the process: a constant table changed by one is not seen by another', () => {
    expect(run('test.limits.small = 99 test.echo = nil return test.limits.small')).toBe(99);
    expect(run('return test.limits.small')).toBe(1);
  });

  it.each([
    ['{1, 2, 3}', [1, 2, 3]],
    ['{}', []],
    ['{a = {}, b = {c = "x"}}', { a: [], b: { c: 'x' } }],
    ['{test.amount(5), {test.amount(6)}}', [{ cents: 5 }, [{ cents: 6 }]]],
    ['{[3] = "c", [1] = "a", [2] = "b"}', ['a', 'b', 'c']],
    ['{__proto__ = 1}', JSON.parse('{"__proto__": 1}')],
    ['{n = 0/0 ~= 0/0, inf = 1/0}', { n: true, inf: Number.POSITIVE_INFINITY }],
    ['{zero = 0 * -1}', { zero: 0 }],
  ])('%s can be sent', (text, value) => {
    expect(run(`return ${text}`)).toEqual(value);
  });

  it.each([
    ['{items = {1, 2, {fn = print}}}', 'result.items[3].fn: a function cannot be sent'],
    ['{1, 2, x = 3}', 'result: a table with both list items and other keys cannot be sent'],
    ['{x = 3, 1}', 'result: a table with both list items and other keys cannot be sent'],
    ['{1, nil, 3}', 'result: a list with a hole (2 items, but none at 2) cannot be sent'],
    ['{[1.5] = 1}', 'result: a table with the key 1.5 cannot be sent'],
    ['{[true] = 1}', 'result: a table with keys that are neither text nor 1..n cannot be sent'],
    ['{co = coroutine.create(print)}', 'result.co: a coroutine cannot be sent'],
    ['{h = test.handle()}', 'result.h: a handle cannot be sent'],
    ['(function() local t = {} t.t = t return t end)()', 'result.t: a cycle cannot be sent'],
    [
      '(function() local t = {1} for i = 1, 40 do t = {t, t} end return t end)()',
      'result has more than 2097152 bytes, the limit',
    ],
    [
      '(function() local s, t = ("x"):rep(1000), {} for i = 1, 40 do t = {s, t, t} end return t end)()',
      'result has more than 2097152 bytes, the limit',
    ],
    ['("x"):rep(2097152)', 'result has more than 2097152 bytes, the limit'],
  ])('%s cannot', (text, message) => {
    expect(failure(`return ${text}`)).toMatchObject({
      kind: 'INVALID',
      message: expect.stringContaining(message),
    });
  });
});

describe('errors between Lua and modules', () => {
  it('arrive as error objects, thrown or returned', () => {
    expect(
      run(`
        local ok, e = pcall(test.throw, "NOT_FOUND", "no such thing")
        assert(not ok and type(e) == "userdata" and e:kind() == "NOT_FOUND" and e:message() == "no such thing")
        assert(tostring(e) == "no such thing" and e .. "!" == "no such thing!" and ("%s"):format(e) == "no such thing")
        assert(test.error("TIMEOUT", "slow"):kind() == "TIMEOUT")
        local ok2, crash = pcall(test.crash)
        assert(crash:kind() == "INTERNAL" and crash:message() == "not a function")
        return "held"`),
    ).toBe('held');
  });

  it('end the process with their own kind when nobody catches them', () => {
    const error = failure('test.throw("CONFLICT", "taken")');
    expect(error).toMatchObject({ kind: 'CONFLICT', message: 'taken' });
    expect(error?.trace).toMatch(/stack traceback:[\s\S]*test\.lua:1/);
    expect(failure('error(test.error("TIMEOUT", "slow"))')).toMatchObject({ kind: 'TIMEOUT' });
  });

  it('become INTERNAL with file, line and traceback when they are text', () => {
    const error = failure('\n local function inner() error("bad") end inner()');
    expect(error).toMatchObject({ kind: 'INTERNAL', message: 'test.lua:2: bad' });
    expect(error?.trace).toMatch(/inner/);
  });

  it.each([
    ['error({message = "told"})', 'told'],
    ['error({})', 'the error value is a table without a message'],
    ['error()', 'the error value is nil'],
    ['error(42)', '42'],
    ['error(test.amount(5))', '0.05 EUR'],
  ])('%s says %s', (body, message) => {
    expect(failure(body)).toMatchObject({ kind: 'INTERNAL', message });
  });
});

describe('the result of main', () => {
  it.each([
    ['return 1, "went wrong"', { kind: 'UNKNOWN', message: 'went wrong' }],
    ['return nil, "went wrong"', { kind: 'UNKNOWN', message: 'went wrong' }],
    ['return nil, "\\xff wrong"', { kind: 'UNKNOWN', message: '\uFFFD wrong' }],
    ['return nil, test.error("NOT_FOUND", "x not found")', { kind: 'NOT_FOUND' }],
  ])('%s is a failure', (body, error) => {
    expect(failure(body)).toMatchObject(error);
  });

  it.each([
    ['return 1, 2', 1],
    ['return 1, nil, "third"', 1],
    ['return "v", {}', 'v'],
    ['return false, true', false],
    ['return', null],
  ])('%s is a value', (body, value) => {
    expect(run(body)).toBe(value);
  });
});
