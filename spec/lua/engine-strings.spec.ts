/** The string library and patterns, after Lua 5.3's own test suite. */
import { describe, expect, it } from '@jest/globals';
import { evalLua, startLua } from '../support/lua.js';

function holds(chunk: string): void {
  expect(evalLua(`${chunk}\nreturn "held"`)).toBe('held');
}

describe('the string library', () => {
  it('cuts, repeats, reverses and changes case', () => {
    holds(`
      assert(("hello"):sub(2, 4) == "ell" and ("hello"):sub(-3) == "llo" and ("hello"):sub(4, 2) == "")
      assert(("hello"):sub(-100, 100) == "hello" and ("hello"):sub(2^31) == "")
      assert(("ab"):rep(3) == "ababab" and ("ab"):rep(2, "-") == "ab-ab" and ("x"):rep(0) == "" and ("x"):rep(-1) == "")
      assert(("abc"):reverse() == "cba" and ("aBc"):upper() == "ABC" and ("aBc"):lower() == "abc")
      assert(#"\\0\\1" == 2 and ("a\\0b"):len() == 3 and ("a\\0b"):byte(2) == 0)
      assert(select("#", ("abc"):byte(1, -1)) == 3 and string.char(104, 105) == "hi" and string.char() == "")
      assert(not pcall(string.char, 256) and not pcall(string.rep, "x", 1e10))`);
  });

  it('finds, plainly and by pattern', () => {
    holds(`
      local function both(a, b, ...) return a .. ":" .. b end
      assert(both(("hello world"):find("wor")) == "7:9" and both(("a.b"):find(".", 1, true)) == "2:2")
      assert(("abc"):find("b", -1) == nil and both(("abc"):find("")) == "1:0" and ("abc"):find("", 10) == nil)
      assert(("key = value"):match("^(%w+)%s*=%s*(%w+)$") == "key")
      assert(("2024-05-17"):match("(%d+)-(%d+)-(%d+)") == "2024")
      assert(("[[x]]"):match("%[%[(.-)%]%]") == "x" and ("f(a(b)c)d"):match("%b()") == "(a(b)c)")
      assert(("THE (quick) fox"):find("%((%a+)%)") == 5)
      assert(("hello"):match("()ll()") == 3 and ("  trim  "):match("^%s*(.-)%s*$") == "trim")
      assert(("abc123"):match("%a+", 2) == "bc" and ("x"):match("y") == nil)
      assert(("THE END"):match("%f[%a]%a+%f[%A]") == "THE")
      assert(("aXb"):match("%u") == "X" and ("a\\tb"):match("%c") == "\\t" and ("0xff"):match("%x+", 3) == "ff")
      assert(("a-b"):match("[a%-]+") == "a-" and ("]"):match("[]]") == "]" and ("^"):match("[%^]") == "^")
      assert(("abab"):match("(ab)%1") == "ab")`);
  });

  it('replaces with text, tables and functions', () => {
    holds(`
      assert(("hello world"):gsub("o", "0") == "hell0 w0rld")
      assert(select(2, ("hello"):gsub("l", "L")) == 2 and ("abc"):gsub("%w", "%0%0") == "aabbcc")
      assert(("$name is $age"):gsub("%$(%w+)", {name = "Bob", age = 42}) == "Bob is 42")
      assert(("abc"):gsub("%w", function(c) if c == "b" then return "[" .. c .. "]" end end) == "a[b]c")
      assert(("abc"):gsub("", "-") == "-a-b-c-" and ("hello"):gsub("l", "x", 1) == "hexlo")
      assert(("a b"):gsub("(%w) (%w)", "%2 %1") == "b a" and ("x"):gsub("x", "%%") == "%")
      assert(not pcall(string.gsub, "x", "x", "%2") and not pcall(string.find, "x", "(."))`);
  });

  it('iterates over matches', () => {
    holds(`
      local out = {}
      for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do out[#out + 1] = k .. v end
      assert(table.concat(out, ",") == "a1,b2")
      local n = 0 for _ in ("abc"):gmatch("") do n = n + 1 end assert(n == 4)`);
  });

  it('packs and unpacks', () => {
    holds(`
      assert(string.pack("<I2", 258) == "\\2\\1" and string.unpack(">I2", "\\1\\2") == 258)
      assert(string.unpack("z", "hi\\0rest") == "hi" and string.pack("s1", "abc") == "\\3abc")
      assert(string.unpack("<d", string.pack("<d", 1.5)) == 1.5 and string.packsize("i4i4") == 8)`);
  });

  it.each([
    ['<i8', '2^40'],
    ['>i8', '-2^40 - 1'],
    ['<I4', '3000000000'],
    ['<i8', 'math.maxinteger'],
    ['>i8', 'math.mininteger'],
    ['<I8', '2^63'],
    ['<I5', '2^40 - 1'],
    ['<i3', '-2^23'],
    ['>i16', '-5'],
    ['<I16', '2^53 - 1'],
    ['<j', '-1'],
    ['<T', '2^52'],
    ['b', '-128'],
    ['H', '65535'],
  ])('packs and unpacks %s %s exactly', (format, number) => {
    expect(
      evalLua(
        `local n = ${number} local s = string.pack("${format}", n)
         local back, after = string.unpack("${format}", s)
         return { back == n, after == #s + 1, #s == string.packsize("${format}") }`,
      ),
    ).toEqual([true, true, true]);
  });

  it('packs as Lua on a 64-bit machine does', () => {
    const hex = (expression: string): string =>
      evalLua(
        `return ((${expression}):gsub(".", function(c) return ("%02x"):format(c:byte()) end))`,
      ) as string;
    expect(hex('string.pack("<i8", 2^40 + 1)')).toBe('0100000000010000');
    expect(hex('string.pack(">I4i2", 3000000000, -2)')).toBe('b2d05e00fffe');
    expect(hex('string.pack("<i16", -2)')).toBe(`fe${'ff'.repeat(15)}`);
    expect(hex('string.pack("<I8", -1)')).toBe('ff'.repeat(8));
    expect(hex('string.pack("<!4 i1 i4 !8 d", 1, 2, 1)')).toBe(
      '0100000002000000000000000000f03f'.padStart(32, '0'),
    );
    expect(hex('string.pack("<s1 s2 z c4 x", "a", "bc", "d", "e")')).toBe(
      `0161${'02006263'}6400${'65000000'}00`,
    );
    expect(hex('string.pack("<i1 !4 Xi4 i1", 1, 2)')).toBe('0100000002');
    expect(evalLua('return { string.unpack("<s", string.pack("<s", "abc")) }')).toEqual([
      'abc',
      12,
    ]);
    expect(
      evalLua('return { string.unpack("<f d n", string.pack("<f d n", 0.5, 1.1, -0.0)) }'),
    ).toEqual([0.5, 1.1, 0, 21]);
    expect(evalLua('return string.unpack("<I2", "xx\x01\x02", -2)')).toBe(513);
  });

  it.each([
    ['string.unpack("<i8", ("\xad"):rep(7) .. "\x01")', 'has no exact number'],
    ['string.pack("<i8", 2^63)', 'integer overflow'],
    ['string.pack("<I4", -1)', 'unsigned overflow'],
    ['string.pack("<I4", 2^32)', 'unsigned overflow'],
    ['string.pack("b", 128)', 'integer overflow'],
    ['string.pack("i4", 1.5)', 'number has no integer representation'],
    ['string.pack("i17", 1)', 'integral size (17) out of limits [1,16]'],
    ['string.pack("i0", 1)', 'out of limits'],
    ['string.pack("q", 1)', "invalid format option 'q'"],
    ['string.pack("c", "x")', 'missing size'],
    ['string.pack("c1", "xy")', 'string longer than given size'],
    ['string.pack("z", "a\0b")', 'string contains zeros'],
    ['string.pack("s1", ("x"):rep(256))', 'does not fit'],
    ['string.pack("X", 1)', 'invalid next option'],
    ['string.pack("Xz", 1)', 'invalid next option'],
    ['string.pack("!4 i3", 1)', 'power of 2'],
    ['string.pack("i4")', 'number expected, got no value'],
    ['string.packsize("s")', 'variable-length format'],
    ['string.unpack("i4", "abc")', 'data string too short'],
    ['string.unpack("s1", "\x05abc")', 'data string too short'],
    ['string.unpack("z", "abc")', 'unfinished string'],
    ['string.unpack("b", "abc", 5)', 'initial position out of string'],
    ['string.char(256)', "bad argument #1 to 'char' (value out of range)"],
    ['string.char(65, -1)', "bad argument #2 to 'char' (value out of range)"],
    ['table.insert({}, 2^31, 1)', "bad argument #2 to 'insert' (position out of range"],
    ['table.remove({}, 2^31)', "bad argument #2 to 'remove' (position out of range"],
    ['table.unpack({}, 1, 2^31)', "bad argument #3 to 'unpack' (position out of range"],
    ['table.unpack({}, -2^40, 1)', "bad argument #2 to 'unpack' (position out of range"],
    ['table.concat({}, "", 2^31, 2^31)', "bad argument #3 to 'concat' (position out of range"],
    ['table.move({}, 1, 2^31, 1)', "bad argument #3 to 'move' (position out of range"],
  ])('%s raises: %s', (call, message) => {
    expect(startLua(`return function() ${call} end`).error?.message).toContain(message);
  });

  it('takes any number as an item of a table', () => {
    expect(evalLua('local t = {} table.insert(t, 2^40) return t')).toEqual([2 ** 40]);
    expect(evalLua('return string.char(104, 105) .. string.char()')).toBe('hi');
  });

  it('formats with more digits than a double has', () => {
    expect(evalLua('return #string.format("%.99g", 0.0001)')).toBeGreaterThan(60);
    expect(evalLua('return #string.format("%.99f", 0.5)')).toBe(101);
  });

  it('has utf8', () => {
    holds(`
      assert(utf8.len("äö€😀") == 4 and utf8.char(228, 8364, 128512) == "ä€😀")
      assert(utf8.codepoint("€") == 8364 and utf8.offset("aäb", 3) == 4)
      local n = 0 for _, c in utf8.codes("aä") do n = n + c end assert(n == 97 + 228)
      assert(utf8.len("\\xff") == nil)
      for c in ("aä€"):gmatch(utf8.charpattern) do assert(utf8.len(c) == 1) end`);
  });

  it('keeps bytes that are not UTF-8', () => {
    expect(evalLua('return "\\xff\\0a"')).toEqual(Uint8Array.of(255, 0, 97));
    expect(evalLua('local s = ... return #s', { values: [Uint8Array.of(255, 0)] })).toBe(2);
    expect(evalLua('return ...', { values: ['a\u0000b'] })).toBe('a\u0000b');
    expect(evalLua('return "\\u{10FFFF}"')).toBe('\u{10ffff}');
  });

  it('reads long strings, escapes and line ends', () => {
    holds(`
      assert([[\na\nb]] == "a\\nb" and [==[]]]==] == "]]" and "\\x41\\u{42}\\67" == "ABC")
      assert("a\\z
              b" == "ab" and #"\\\\" == 1)`);
  });
});
