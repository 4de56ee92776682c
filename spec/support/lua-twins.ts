/**
 * Programs that are written twice, in Lua and in JavaScript, and log the same numbers: what a Lua engine makes of
 * the one is held against what JavaScript itself makes of the other.
 *
 * Both have variables `a b c d` (whole numbers from 0 to 10006), a table `t` of such, functions `f g`, and a
 * fuel that every call takes from, so that all of them end. `wait()` is nothing in JavaScript; in Lua the
 * process may wait there.
 */
import fc from 'fast-check';

/** A piece of program in both languages. */
interface Twin {
  readonly lua: string;
  readonly js: string;
}

/** What may stand in a place. */
interface Place {
  readonly depth: number;
  /** Directly in the body of a coroutine. */
  readonly coroutine: boolean;
  /** Directly in a loop, so that there is something to go on with. */
  readonly loop: boolean;
  /** In a function with more arguments than it names. */
  readonly varargs: boolean;
}

type Twins = fc.Arbitrary<Twin>;

const twin = (lua: string, js: string): Twin => ({ lua, js });
const name = fc.constantFrom('a', 'b', 'c', 'd');
const fn = fc.constantFrom('f', 'g');
const small = fc.integer({ min: 0, max: 9 });

function all(...parts: readonly (Twins | string)[]): fc.Arbitrary<Twin[]> {
  const twins = parts.map((part) =>
    typeof part === 'string' ? fc.constant(twin(part, part)) : part,
  );
  return fc.tuple(...twins);
}

/** Puts parts into both texts, at `$1`, `$2` and so on. */
function form(lua: string, js: string, ...parts: readonly (Twins | string)[]): Twins {
  const fill = (text: string, texts: readonly string[]): string =>
    text.replace(/\$(\d)/g, (_, n) => texts[Number(n) - 1] ?? '');
  return all(...parts).map((twins) =>
    twin(
      fill(
        lua,
        twins.map((t) => t.lua),
      ),
      fill(
        js,
        twins.map((t) => t.js),
      ),
    ),
  );
}

/** Makes each arbitrary once: they are made of one another. */
function once<A extends unknown[]>(make: (...args: A) => Twins): (...args: A) => Twins {
  const made = new Map<string, Twins>();
  return (...args) => {
    const key = JSON.stringify(args);
    let known = made.get(key);
    if (known === undefined) {
      known = make(...args);
      made.set(key, known);
    }
    return known;
  };
}

const same = (text: fc.Arbitrary<string>): Twins => text.map((it) => twin(it, it));

const number = once((depth: number, varargs: boolean): Twins => {
  const leaf = [
    same(name),
    same(small.map(String)),
    form('(t[$1] or 0)', '(t.get($1) ?? 0)', same(small.map(String))),
  ];
  if (depth <= 0) return fc.oneof(...leaf);
  const sub = number(depth - 1, varargs);
  const called = call(depth - 1, varargs);
  return fc.oneof(
    ...leaf,
    form('(($1 + $2) % 10007)', 'mod($1 + $2, 10007)', sub, sub),
    form('(($1 - $2) % 10007)', 'mod($1 - $2, 10007)', sub, sub),
    form('(($1 * $2) % 10007)', 'mod($1 * $2, 10007)', sub, sub),
    form('($1 // ($2 + 1))', 'Math.floor($1 / ($2 + 1))', sub, sub),
    form('(-$1 % 10007)', 'mod(-$1, 10007)', sub),
    form('($1 ~ $2)', '($1 ^ $2)', sub, sub),
    form('($1 < $2 and $2 or $1)', '($1 < $2 ? $2 : $1)', sub, sub),
    form('($1 and 3 or 4)', '($1 ? 3 : 4)', condition(depth - 1, varargs)),
    form('#("x" .. $1 .. $2)', '("x" + $1 + $2).length', sub, sub),
    form('#{$1, 7, $2}', '[$1, 7, ...$2].length', sub, called),
    form('($1 or 0)', '($1[0] ?? 0)', called),
    form('select("#", $1)', '$1.length', called),
    form('((index($1)).x or 0)', 'index($1)', sub),
    form('(index($1) + $2)', 'index($1, $2)', sub, sub),
    form('(index($1)($2))', 'index($1, $2)', sub, sub),
    form('#index($1)', 'index($1)', sub),
    form('(index($1) .. "y" .. $2)', 'index($1, $2)', sub, sub),
    form('(index($1) < $2 and 1 or 2)', '(index($1, $2) > 3 ? 1 : 2)', sub, sub),
    ...(varargs
      ? [form('(... or 0)', '(rest[0] ?? 0)'), form('select("#", ...)', 'rest.length')]
      : []),
  );
});

/** A call with all its results, which is a list in JavaScript. */
const call = once((depth: number, varargs: boolean): Twins => {
  const sub = number(depth, varargs);
  return fc.oneof(
    form('$1($2)', '$1($2)', same(fn), sub),
    form('$1($2, $3, $4)', '$1($2, $3, $4)', same(fn), sub, sub, sub),
    ...(varargs ? [form('$1($2, ...)', '$1($2, ...rest)', same(fn), sub)] : []),
    ...(depth > 0
      ? [form('$1($2, $3)', '$1($2, ...$3)', same(fn), sub, call(depth - 1, varargs))]
      : []),
  );
});

const condition = once((depth: number, varargs: boolean): Twins => {
  const sub = number(depth, varargs);
  const one = fc.oneof(
    form('$1 < $2', '$1 < $2', sub, sub),
    form('$1 <= $2', '$1 <= $2', sub, sub),
    form('$1 > $2', '$1 > $2', sub, sub),
    form('$1 == $2', '$1 === $2', sub, sub),
    form('$1 ~= $2', '$1 !== $2', sub, sub),
    form('tostring($1) < tostring($2)', 'String($1) < String($2)', sub, sub),
    form('t[$1] == nil', 't.get($1) === undefined', sub),
  );
  if (depth <= 0) return one;
  const less = condition(depth - 1, varargs);
  return fc.oneof(
    one,
    form('(not ($1))', '(!($1))', less),
    form('($1 and $2)', '($1 && $2)', less, less),
    form('($1 or $2)', '($1 || $2)', less, less),
  );
});

const block = once(
  (place: Place): Twins =>
    fc
      .array(statement({ ...place, depth: place.depth - 1 }), { minLength: 1, maxLength: 4 })
      .map((parts) => twin(parts.map((p) => p.lua).join('\n'), parts.map((p) => p.js).join('\n'))),
);

/** The inside of a function: its results are a list in JavaScript. */
const body = once((depth: number, varargs: boolean): Twins => {
  const inside: Place = { depth, coroutine: false, loop: false, varargs };
  const value = number(1, varargs);
  const end = fc.oneof(
    form('return', 'return [];'),
    form('return $1', 'return [$1];', value),
    form('return $1, $2', 'return [$1, $2];', value, value),
    form('return $1, $2', 'return [$1, ...$2];', value, call(0, varargs)),
    form('return $1', 'return $1;', call(0, varargs)),
    ...(varargs ? [form('return ...', 'return rest;')] : []),
  );
  return form('burn()\n$1\ndo $2 end', 'burn();\n$1\n$2', block(inside), end);
});

/** Statements without others in them. */
const simple = once((varargs: boolean): Twins => {
  const value = number(2, varargs);
  return fc.oneof(
    form('log($1)', 'log($1);', value),
    form('$1 = $2', '$1 = $2;', same(name), value),
    form('$1, $2 = $2, $1', '[$1, $2] = [$2, $1];', same(name), same(name)),
    form('t[$1] = $2', 't.set($1, $2);', same(small.map(String)), value),
    form('t[$1] = nil', 't.delete($1);', same(small.map(String))),
    form('wait()', ''),
    form('log(#pack($1))', 'log($1.length);', call(1, varargs)),
    form('log(sorted($1, $2, $3))', 'log(sorted($1, $2, $3));', value, value, value),
    form('if $1 < 2 then error($2) end', 'if ($1 < 2) throw $2;', value, value),
  );
});

function statement(place: Place): Twins {
  const { depth, coroutine, loop, varargs } = place;
  const test = condition(1, varargs);
  const plain = fc.oneof(
    { weight: 4, arbitrary: simple(varargs) },
    ...(coroutine ? [form('log(coroutine.yield($1))', 'log(yield $1);', number(2, varargs))] : []),
    ...(loop
      ? [
          form('if $1 then goto continue end', 'if ($1) continue;', test),
          form('if $1 then break end', 'if ($1) break;', test),
        ]
      : []),
  );
  if (depth <= 0) return plain;
  const inner = block(place);
  const looped = block({ ...place, loop: true });
  const shut = block({ ...place, loop: false });
  return fc.oneof(
    { weight: 3, arbitrary: plain },
    {
      weight: 2,
      arbitrary: fc.oneof(
        ...loops(looped, place),
        ...closures(looped, place),
        ...nested(inner, shut, place),
      ),
    },
    { weight: 2, arbitrary: fc.oneof(...functions(place)) },
  );
}

function loops(inner: Twins, { varargs }: Place): Twins[] {
  const value = number(1, varargs);
  return [
    form(
      'for $1 = 1, 3 do burn() $2 ::continue:: end',
      'for (let i = 1; i <= 3; i++) { let $1 = i; burn(); $2 }',
      same(name),
      inner,
    ),
    form(
      'for $1 = 9, $2 % 10, -3 do burn() $3 ::continue:: end',
      'for (let i = 9, e = $2 % 10; i >= e; i -= 3) { let $1 = i; burn(); $3 }',
      same(name),
      value,
      inner,
    ),
    form(
      'while $1 do burn() $2 ::continue:: end',
      'while ($1) { burn(); $2 }',
      condition(1, varargs),
      inner,
    ),
    form(
      'for $1, e in count($2 % 4) do local $1 = e $3 ::continue:: end',
      'for (const e of count($2 % 4)) { let $1 = e; $3 }',
      same(name),
      value,
      inner,
    ),
    form(
      'for _, $1 in ipairs({$2, $3}) do $4 ::continue:: end',
      'for (const e of [$2, ...$3]) { let $1 = e; $4 }',
      same(name),
      value,
      call(1, varargs),
      inner,
    ),
    form(
      'repeat burn() local $1 = $2 $3 ::continue:: until true',
      'do { burn(); const v = $2; { let $1 = v; $3 } } while (false);',
      same(name),
      value,
      inner.filter(({ lua }) => !lua.includes('goto')), // may not jump into the scope of the local
    ),
  ];
}

/** Closures that outlive what they were made in. */
function closures(inner: Twins, { varargs }: Place): Twins[] {
  const value = number(1, varargs);
  return [
    form(
      'do local list = {} for i = 1, 3 do burn() local $1 = i $2 list[#list + 1] = function() $1 = $1 + 1 return $1 end ::continue:: end for _, h in ipairs(list) do log(h() + h()) end end',
      '{ const list = []; for (let i = 1; i <= 3; i++) { burn(); let $1 = i; $2 list.push(() => ++$1); } for (const h of list) log(h() + h()); }',
      same(name),
      inner,
    ),
    form(
      'do local function make(x, ...) local y = x + 1 local function add() y = y + 1 return y end $1 return x, y, add end local x, y, add = make($2, 1) log(add() + x) log(add() + y) end',
      '{ const make = (x) => { let y = x + 1; const add = () => ++y; $1 return [x, y, add]; }; const [x, y, add] = make($2); log(add() + x); log(add() + y); }',
      simple(false),
      value,
    ),
    form(
      'do local keep local function make(x) local y = x keep = function() y = y + 1 return y end return f(x, y) end log(#pack(make($1))) log(keep() + keep()) end',
      '{ let keep; const make = (x) => { let y = x; keep = () => ++y; return f(x, y); }; log(make($1).length); log(keep() + keep()); }',
      value,
    ),
  ];
}

function nested(inner: Twins, shut: Twins, { varargs, coroutine }: Place): Twins[] {
  const test = condition(1, varargs);
  return [
    form(
      'do local $1 = $2 $3 end',
      '{ const v = $2; { let $1 = v; $3 } }',
      same(name),
      number(1, varargs),
      inner,
    ),
    form('if $1 then $2 else $3 end', 'if ($1) { $2 } else { $3 }', test, inner, inner),
    // What is thrown is a number, or nothing that is logged.
    ...(varargs
      ? []
      : [
          form(
            'do local ok, e = pcall(function() $1 end) log(ok and 1 or 2) if not ok then log(e) end end',
            'try { $1 log(1); } catch (e) { log(2); log(e); }',
            shut,
          ),
          form(
            'do local ok, e = xpcall(function() $1 end, function(e) return (e + 1) % 10007 end) if not ok then log(e) end end',
            'try { $1 } catch (e) { log(mod(e + 1, 10007)); }',
            shut,
          ),
        ]),
    ...(coroutine ? [form('log((wait() or 1))', 'log(1);')] : []),
  ];
}

function functions({ depth, varargs }: Place): Twins[] {
  const value = number(1, varargs);
  return [
    form(
      '$1 = function($2, ...) $3 end',
      '$1 = function($2 = 0, ...rest) { $3 };',
      same(fn),
      same(name),
      body(depth - 1, true),
    ),
    form(
      '$1 = function($2) $3 end',
      '$1 = function($2 = 0) { $3 };',
      same(fn),
      same(name),
      body(depth - 1, false),
    ),
    form(
      'do local function $1($2) $3 end log(#pack($1($4))) end',
      '{ let $1 = function($2 = 0) { $3 }; log($1($4).length); }',
      same(fn),
      same(name),
      body(depth - 1, false),
      value,
    ),
    form(
      'do local co = coroutine.wrap(function($1) burn() $2 return 0 end) for i = 1, 4 do local ok, v = pcall(co, i) log(ok and v or 9) end end',
      '{ const co = wrap(function*($1) { burn(); $2 return 0; }); for (let i = 1; i <= 4; i++) { let v; try { v = co(i); } catch { v = 9; } log(v); } }',
      same(name),
      block({ depth: depth - 1, coroutine: true, loop: false, varargs: false }),
    ),
  ];
}

const FUEL = 150;

const LUA_START = `
  local out, fuel = {}, ${FUEL}
  local function log(x) out[#out + 1] = x end
  local function burn() fuel = fuel - 1 if fuel < 0 then error(-1) end end
  local function wait() return test.sleep(1) and 1 end
  local function pack(...) return {n = select("#", ...), ...} end
  local counted = {__len = function(p) return p.n end}
  local plain = pack
  pack = function(...) return setmetatable(plain(...), counted) end
  local function sorted(...)
    local list = {...}
    table.sort(list, function(x, y) return x > y end)
    return list[1] * 3 + list[2] * 2 + list[3]
  end
  local function count(n)
    return function(s, i) burn() wait() if i < s then return i + 1, i * 2 end end, n, 0
  end
  local a, b, c, d, t, f, g = 1, 2, 3, 4, {}
  function f(a, ...) burn() return a, ... end
  function g() burn() return 5 end
  local function index(v)
    local function get() burn() wait() return v end
    local function more() burn() return v > 3 end
    return setmetatable({}, {__index = get, __add = get, __call = get, __len = get, __lt = more,
      __concat = function(_, rest) wait() return get() end})
  end`;

const JS_START = `
  const out = []; let fuel = ${FUEL};
  const log = (x) => { out.push(x); };
  const burn = () => { if (--fuel < 0) throw -1; };
  const mod = (a, b) => ((a % b) + b) % b;
  const sorted = (...l) => { l.sort((x, y) => y - x); return l[0] * 3 + l[1] * 2 + l[2]; };
  const count = function*(n) { for (let i = 0; i < n; i++) { burn(); yield i * 2; } burn(); };
  const index = (v) => { burn(); return v; };
  const wrap = (make) => { let it = null; let dead = false; return (v) => {
    if (dead) throw 'dead';
    try { it ??= make(v); const r = it.next(v); if (r.done) dead = true; return r.value; }
    catch (e) { dead = true; throw e; } }; };
  let a = 1, b = 2, c = 3, d = 4, t = new Map();
  let f = (a = 0, ...rest) => { burn(); return [a, ...rest]; };
  let g = () => { burn(); return [5]; };`;

const LUA_END = `
  for _, x in ipairs({a, b, c, d, fuel}) do log(x) end
  for i = 0, 9 do log(t[i] or 0) end
  return out`;

const JS_END = `
  for (const x of [a, b, c, d, fuel]) log(x);
  for (let i = 0; i < 10; i++) log(t.get(i) ?? 0);
  return out;`;

const part = block({ depth: 4, coroutine: false, loop: false, varargs: false });

/** A program: the body of a Lua function that returns what it logged, and that of a JavaScript function. */
export const programTwins: Twins = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => {
  const lua = parts.map(
    (p) => `do local ok, e = pcall(function()\n${p.lua}\nend) if not ok then log(e) end end`,
  );
  const js = parts.map((p) => `try {\n${p.js}\n} catch (e) { log(e); }`);
  return twin(
    `${LUA_START}\n${lua.join('\n')}\n${LUA_END}`,
    `${JS_START}\n${js.join('\n')}\n${JS_END}`,
  );
});
