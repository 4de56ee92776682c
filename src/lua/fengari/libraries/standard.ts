/** The standard library as patterns, which all engines share: they hold functions and constants only. */
import { coroutineLibrary } from '../coroutines.js';
import { Pattern } from '../lazy-table.js';
import {
  argument,
  bytesString,
  type LuaFunction,
  lapi,
  lauxlib,
  type lua_State,
  push,
  stringOf,
  Tag,
  type TString,
} from '../vm.js';
import { baseFunctions, castToString } from './base.js';
import { type Functions, fengariUtf8, pick } from './harvest.js';
import { mathConstants, mathFunctions } from './math.js';
import { osFunctions } from './os.js';
import { ipairsStep } from './pairs.js';
import { stringFunctions } from './string.js';
import { tableFunctions } from './table.js';

const functions = (library: Functions): Pattern => {
  const pattern = new Pattern();
  for (const [name, fn] of Object.entries(library)) pattern.share(name, Tag.NATIVE, fn);
  return pattern;
};

/** `debug.traceback`, the one function of `debug` that shows nothing but text. */
const traceback: LuaFunction = (L) => {
  const given = argument(L, 1);
  const thread = given?.type === Tag.THREAD ? (given.value as lua_State) : L;
  const message = argument(L, thread === L ? 1 : 2);
  if (message !== undefined && message.type !== Tag.STRING && message.type !== Tag.NIL) {
    push(L, message.type, message.value);
    return 1;
  }
  const text = message?.type === Tag.STRING ? (message.value as TString).realstring : null;
  const level = lauxlib.luaL_optinteger(L, thread === L ? 2 : 3, thread === L ? 1 : 0);
  lauxlib.luaL_traceback(L, thread, text, level);
  return 1;
};

const math = functions(mathFunctions);
for (const [name, value] of Object.entries(mathConstants)) math.share(name, Tag.NUMBER, value);

const utf8 = functions(pick(fengariUtf8, ['char', 'codepoint', 'codes', 'len', 'offset']));
/** `[\0-\x7F\xC2-\xF4][\x80-\xBF]*`, in bytes. */
const CHARPATTERN = [91, 0, 45, 0x7f, 0xc2, 45, 0xf4, 93, 91, 0x80, 45, 0xbf, 93, 42];
utf8.share('charpattern', Tag.STRING, bytesString(Uint8Array.from(CHARPATTERN)));

export const baseLibrary = functions(baseFunctions).share(
  '_VERSION',
  Tag.STRING,
  stringOf('Lua 5.3'),
);

export const standardLibraries: { readonly [name: string]: Pattern } = {
  coroutine: functions(coroutineLibrary),
  debug: functions({ traceback }),
  math,
  os: functions(osFunctions),
  string: functions(stringFunctions),
  table: functions(tableFunctions),
  utf8,
};

/** Library functions that others can suspend inside of; only the rest stand in the way of a wait. */
const TRANSPARENT = /^(pcall|xpcall|pairs|require|coroutine\..*)$/;

const names: ReadonlyMap<unknown, string> = new Map([
  [ipairsStep, 'ipairs'],
  ...namesIn('', baseLibrary),
  ...Object.entries(standardLibraries).flatMap(([name, library]) => namesIn(`${name}.`, library)),
]);

function namesIn(prefix: string, library: Pattern): [unknown, string][] {
  return library.shared().map(([name, value]) => [value, prefix + name]);
}

/** The name of a library function that calls back and cannot be suspended meanwhile, else null. */
export function nameOfNative(fn: unknown): string | null {
  const name = names.get(fn);
  return name === undefined || TRANSPARENT.test(name) ? null : name;
}

/** What a call of the `string` table does: `string(x)` is a checked cast. */
export const callString: LuaFunction = (L) => {
  lapi.lua_rotate(L, 1, -1);
  lapi.lua_settop(L, -2);
  return castToString(L);
};
