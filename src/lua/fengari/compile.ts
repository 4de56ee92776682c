/** Source text to compiled functions, once for each text and file. */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { LuaSource } from '../engine.js';
import { stripTypes, type TypeProblem } from '../typed/strip.js';
import { encodeText, readable } from './text.js';
import {
  type LClosure,
  lapi,
  lobject,
  type lua_State,
  OK,
  type Proto,
  type Table,
  Tag,
  type TString,
  TValue,
} from './vm.js';

/** Compiled functions never change, so engines of one realm may share a cache. */
export class CodeCache {
  private readonly code = new Map<string, Proto>();

  get(source: LuaSource, compile: () => Proto): Proto {
    const key = `${source.hash}:${source.file}`;
    let proto = this.code.get(key);
    if (proto === undefined) {
      proto = compile();
      this.code.set(key, proto);
    }
    return proto;
  }
}

/**
 * Compiles a chunk, with types or without. A text that is Lua as it stands is never looked at for types.
 * `L` is any thread of the engine; its stack is left as it was.
 * @throws PerdureError INVALID `file:line: text`, with `details.file` and `details.line`; `details.column`
 *   too where a type is at fault.
 */
export function compileSource(L: lua_State, source: LuaSource): Proto {
  const plain = loadSource(L, source, source.text);
  if (typeof plain !== 'string') return plain;
  const { text, problem } = stripTypes(source.text);
  if (problem !== null) throw typeError(source, problem);
  const result = text === source.text ? plain : loadSource(L, source, text);
  if (typeof result !== 'string') return result;
  const line = /:(\d+):/.exec(result.slice(source.file.length))?.[1];
  throw new PerdureError(ErrorKind.INVALID, result, {
    details: { file: source.file, line: Number(line ?? 0) },
  });
}

function loadSource(L: lua_State, { file }: LuaSource, text: string): Proto | string {
  return loadText(L, encodeText(text), encodeText(`@${file}`));
}

function typeError({ file }: LuaSource, { line, column, message }: TypeProblem): PerdureError {
  return new PerdureError(ErrorKind.INVALID, `${file}:${line}: ${message}`, {
    details: { file, line, column },
  });
}

const TEXT_ONLY = encodeText('t');

/** The compiled function, or the message of a syntax error. */
export function loadText(L: lua_State, text: Uint8Array, chunkName: Uint8Array): Proto | string {
  lapi.lua_checkstack(L, 20);
  const data = { bytes: withoutShebang(text) };
  const status = lapi.lua_load(L, takeBytes, data, chunkName, TEXT_ONLY);
  const top = L.stack[L.top - 1] as TValue;
  lapi.lua_settop(L, -2);
  if (status === OK) return (top.value as LClosure).p;
  return top.type === Tag.STRING ? readable((top.value as TString).realstring) : 'cannot compile';
}

function takeBytes(_L: lua_State, data: { bytes: Uint8Array | null }): Uint8Array | null {
  const { bytes } = data;
  data.bytes = null;
  return bytes;
}

const NEWLINE = 10;
const HASH = 35;

/** A first line that starts with `#` counts as a comment; its line end stays, for line numbers. */
function withoutShebang(text: Uint8Array): Uint8Array {
  if (text[0] !== HASH) return text;
  const end = text.indexOf(NEWLINE);
  return end === -1 ? new Uint8Array(0) : text.subarray(end);
}

/** A function that runs `proto` with these globals. */
export function closureOf(L: lua_State, proto: Proto, env: Table): LClosure {
  const closure = new lobject.LClosure(L, proto.upvalues.length);
  closure.p = proto;
  closure.upvals = proto.upvalues.map(() => new TValue(Tag.NIL, null));
  closure.upvals[0] = new TValue(Tag.TABLE, env);
  return closure;
}
