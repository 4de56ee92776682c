/** `tostring`, and all that prints a value: no addresses, so that a replay prints the same. */
import { formatNumber } from '../numerals.js';
import { encodeText } from '../text.js';
import {
  bytesString,
  lapi,
  ltable,
  type lua_State,
  push,
  raise,
  stringIn,
  stringOf,
  type Table,
  Tag,
  type TString,
  TValue,
  Type,
  type Udata,
} from '../vm.js';

const TOSTRING = new TValue(Tag.STRING, stringOf('__tostring'));
const NAME = new TValue(Tag.STRING, stringOf('__name'));

/** The bytes of `tostring(value)`. A `__tostring` cannot wait. */
export function tostringBytes(L: lua_State, value: TValue): Uint8Array {
  switch (value.type & 0x0f) {
    case Type.STRING:
      return (value.value as TString).realstring;
    case Type.NUMBER:
      return encodeText(formatNumber(value.value as number));
    case Type.BOOLEAN:
      return encodeText(value.value === false ? 'false' : 'true');
    case Type.NIL:
      return encodeText('nil');
    default:
      return objectBytes(L, value);
  }
}

function objectBytes(L: lua_State, value: TValue): Uint8Array {
  const metatable = metatableOf(value);
  const own = metatable === null ? null : ltable.luaH_get(L, metatable, TOSTRING);
  if (own !== null && !own.ttisnil()) return callTostring(L, own, value);
  const name = metatable === null ? null : stringIn(ltable.luaH_get(L, metatable, NAME));
  const number = L.owner.numberOf(value.value as object);
  return encodeText(`${name ?? typeName(value)}: ${number}`);
}

function callTostring(L: lua_State, fn: TValue, value: TValue): Uint8Array {
  push(L, fn.type, fn.value);
  push(L, value.type, value.value);
  lapi.lua_callk(L, 1, 1, null, null);
  const result = L.stack[L.top - 1] as TValue;
  lapi.lua_settop(L, -2);
  const type = result.type & 0x0f;
  if (type === Type.STRING || type === Type.NUMBER) return tostringBytes(L, result);
  return raise(L, "'__tostring' must return a string");
}

export function metatableOf(value: TValue): Table | null {
  const type = value.type & 0x0f;
  return type === Type.TABLE || type === Type.USERDATA
    ? (value.value as Table | Udata).metatable
    : null;
}

const NAMES: { readonly [type: number]: string } = {
  [Type.NIL]: 'nil',
  [Type.BOOLEAN]: 'boolean',
  [Type.NUMBER]: 'number',
  [Type.STRING]: 'string',
  [Type.TABLE]: 'table',
  [Type.FUNCTION]: 'function',
  [Type.USERDATA]: 'userdata',
  [Type.THREAD]: 'thread',
};

export function typeName(value: TValue | undefined): string {
  return value === undefined ? 'no value' : (NAMES[value.type & 0x0f] ?? 'userdata');
}

export function pushBytes(L: lua_State, bytes: Uint8Array): void {
  push(L, Tag.STRING, bytesString(bytes));
}
