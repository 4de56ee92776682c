/**
 * `string.pack`, `packsize` and `unpack`, with the sizes of Lua 5.3 on a 64-bit machine (`l`, `j`, `T` and
 * the length before `s` have 8 bytes). An integer that no number holds exactly is an error, never a rounded
 * or wrapped one.
 */
import { raiseArgument } from '../errors.js';
import { concatBytes } from '../text.js';
import { type LuaFunction, lauxlib, type lua_State, push, raise, reserve, Tag } from '../vm.js';
import { type Field, PackLayout } from './pack-layout.js';
import { pushBytes } from './tostring.js';

const pack: LuaFunction = (L) => {
  const layout = new PackLayout(L, lauxlib.luaL_checkstring(L, 1));
  const parts: Uint8Array[] = [];
  let total = 0;
  let arg = 1;
  for (let field = layout.next(0); field !== null; field = layout.next(total)) {
    const value = field.takesValue ? packed(L, field, ++arg) : new Uint8Array(field.size);
    parts.push(new Uint8Array(field.padding), value);
    total += field.padding + value.length;
  }
  pushBytes(L, concatBytes(parts));
  return 1;
};

function packed(L: lua_State, field: Field, arg: number): Uint8Array {
  switch (field.kind) {
    case 'int':
    case 'uint':
      return packInteger(L, field, lauxlib.luaL_checknumber(L, arg), arg);
    case 'float':
      return packFloat(field, lauxlib.luaL_checknumber(L, arg));
    default:
      return packString(L, field, lauxlib.luaL_checkstring(L, arg), arg);
  }
}

function packInteger(L: lua_State, field: Field, n: number, arg: number): Uint8Array {
  if (!Number.isInteger(n)) return raiseArgument(L, arg, 'number has no integer representation');
  const bits = BigInt(8 * field.size);
  // From 8 bytes on a negative number has the bits of its two's complement, as in Lua.
  const signed = field.kind === 'int' || field.size >= 8;
  const low = signed ? -(1n << (bits - 1n)) : 0n;
  const high = field.kind === 'int' ? 1n << (bits - 1n) : 1n << bits;
  const whole = BigInt(n);
  if (whole < low || whole >= high) {
    return raiseArgument(L, arg, `${field.kind === 'int' ? 'integer' : 'unsigned'} overflow`);
  }
  return integerBytes(BigInt.asUintN(8 * field.size, whole), field);
}

function integerBytes(bits: bigint, { size, little }: Field): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = bits;
  for (let i = 0; i < size; i++) {
    bytes[little ? i : size - 1 - i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

function packFloat({ size, little }: Field, n: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  if (size === 4) view.setFloat32(0, n, little);
  else view.setFloat64(0, n, little);
  return new Uint8Array(view.buffer);
}

function packString(L: lua_State, field: Field, text: Uint8Array, arg: number): Uint8Array {
  if (field.kind === 'zero') {
    if (text.includes(0)) return raiseArgument(L, arg, 'string contains zeros');
    return concatBytes([text, Uint8Array.of(0)]);
  }
  if (field.kind === 'string') {
    if (field.size < 4 && text.length >= 2 ** (8 * field.size)) {
      return raiseArgument(L, arg, 'string length does not fit in given size');
    }
    return concatBytes([integerBytes(BigInt(text.length), field), text]);
  }
  if (text.length > field.size) return raiseArgument(L, arg, 'string longer than given size');
  const bytes = new Uint8Array(field.size);
  bytes.set(text);
  return bytes;
}

const packsize: LuaFunction = (L) => {
  const layout = new PackLayout(L, lauxlib.luaL_checkstring(L, 1));
  let total = 0;
  for (let field = layout.next(0); field !== null; field = layout.next(total)) {
    if (field.kind === 'string' || field.kind === 'zero') {
      return raiseArgument(L, 1, 'variable-length format');
    }
    total += field.padding + field.size;
  }
  push(L, Tag.NUMBER, total);
  return 1;
};

const unpack: LuaFunction = (L) => {
  const layout = new PackLayout(L, lauxlib.luaL_checkstring(L, 1));
  const data = lauxlib.luaL_checkstring(L, 2);
  const from = lauxlib.luaL_optinteger(L, 3, 1);
  let at = (from < 0 ? Math.max(0, data.length + from + 1) : from) - 1;
  if (at < 0 || at > data.length) return raiseArgument(L, 3, 'initial position out of string');
  let count = 0;
  for (let field = layout.next(at); field !== null; field = layout.next(at)) {
    at += field.padding;
    need(L, data, at + field.size);
    reserve(L, 2);
    if (field.takesValue) count++;
    at += unpackValue(L, field, data, at);
  }
  push(L, Tag.NUMBER, at + 1);
  return count + 1;
};

function need(L: lua_State, data: Uint8Array, length: number): void {
  if (length > data.length) raiseArgument(L, 2, 'data string too short');
}

/** Pushes the value of the field at `at`. @returns how many bytes it took. */
function unpackValue(L: lua_State, field: Field, data: Uint8Array, at: number): number {
  const { kind, size, little } = field;
  switch (kind) {
    case 'int':
    case 'uint':
      push(L, Tag.NUMBER, unpackInteger(L, field, data, at));
      return size;
    case 'float': {
      const view = new DataView(data.buffer, data.byteOffset + at, size);
      push(L, Tag.NUMBER, size === 4 ? view.getFloat32(0, little) : view.getFloat64(0, little));
      return size;
    }
    case 'char':
      pushBytes(L, data.slice(at, at + size));
      return size;
    case 'string': {
      const length = unpackInteger(L, field, data, at);
      need(L, data, at + size + length);
      pushBytes(L, data.slice(at + size, at + size + length));
      return size + length;
    }
    case 'zero': {
      const end = data.indexOf(0, at);
      if (end === -1) return raiseArgument(L, 2, "unfinished string for format 'z'");
      pushBytes(L, data.slice(at, end));
      return end - at + 1;
    }
    default:
      return size;
  }
}

function unpackInteger(L: lua_State, field: Field, data: Uint8Array, at: number): number {
  const { kind, size, little } = field;
  let bits = 0n;
  for (let i = 0; i < size; i++) {
    bits = (bits << 8n) | BigInt(data[at + (little ? size - 1 - i : i)] as number);
  }
  const whole = kind === 'int' ? BigInt.asIntN(8 * size, bits) : bits;
  const n = Number(whole);
  if (BigInt(n) === whole) return n;
  return raise(L, `${size}-byte integer ${whole} has no exact number (numbers are exact to 2^53)`);
}

export const packFunctions: { readonly [name: string]: LuaFunction } = { pack, packsize, unpack };
