/**
 * Mends fengari, once, when it is loaded. This is the one place that changes state shared by all
 * engines of a realm: what it replaces are fengari's own functions, by better ones that hold no state,
 * so that two engines still share only code. It works by assigning to exported modules and prototypes
 * after they are loaded, so no import order and no environment variable matters.
 *
 * Its VM loop, with calls, threads and errors, is replaced as a whole (`interpreter/`). What else is wrong in
 * fengari, and so replaced here:
 * 1. Integers are 32-bit and wrap. No value counts as an integer any more, so the VM takes its float
 *    path for arithmetic and for loops; both kinds of number tag mean the same double.
 * 2. Bit operators then always ask for a metamethod; `luaT_trybinTM` answers for whole numbers.
 * 3. Strings hash to hex digits without padding, so "\1\35" and "\18\3" are one table key, and "\n"
 *    sorts after "1". The digits are now padded.
 * 4. Compiled functions keep their last closure for reuse, which would hold on to a closed process.
 * 5. Every table keeps a map of deleted entries, cleared with each new key: slow, and room for nothing.
 * 6. Every userdata gets a dictionary for its data, and a value of its own, which nothing here uses.
 * 7. Error texts are formatted with "1.0" for whole numbers and file names cut at 60 characters.
 */
import { installInterpreter } from './interpreter/install.js';
import { LateMap } from './late-map.js';
import { BitOp, bitOperation, formatNumber, parseNumber, toWhole } from './numerals.js';
import type { Entry, lua_State, Table, TString, TValueType as TValue } from './raw.js';
import { defs, ldebug, ldo, lfunc, lobject, lstate, lstring, ltable, ltm, lvm } from './raw.js';
import { concatBytes, encodeText, hexOf } from './text.js';

const types = defs.constant_types;
const STRING = types.LUA_TLNGSTR as number;
const NIL = types.LUA_TNIL as number;
const FLOAT = types.LUA_TNUMFLT as number;
const NUMBER = types.LUA_TNUMBER as number;
/** A third number tag, only ever on the scanner's scratch value: see {@link patchNumbers}. */
const SCANNED = NUMBER | 0x20;

function patchNumbers(): void {
  const value = lobject.TValue.prototype;
  value.ttisinteger = () => false;
  // The scanner asserts that what it read is a float; everywhere else "float" must not be true
  // either, for the VM would then do bit operations in 32 bits itself.
  value.ttisfloat = function (this: TValue) {
    return this.type === SCANNED;
  };
  lobject.luaO_str2num = (text, into) => {
    const n = parseNumber(text);
    if (n === null) return 0;
    into.type = isScannerText(text) ? SCANNED : FLOAT;
    into.value = n;
    return text.length + 1;
  };
  lobject.luaO_tostring = (_L, into) => {
    into.setsvalue(newString(encodeText(formatNumber(into.value as number))));
  };
  lvm.tointeger = (from) => {
    const n = lvm.tonumber(from);
    return n === false ? false : toWhole(n);
  };
}

/**
 * The scanner passes a part of its buffer, whose size is a power of two from 32 on; strings own theirs
 * whole. (A string of just such a length counts as the scanner's, which does no harm but in a bit
 * operation on two of them.)
 */
function isScannerText(text: Uint8Array): boolean {
  const { length } = text;
  return text.buffer.byteLength !== length || (length >= 32 && (length & (length - 1)) === 0);
}

function patchBitOperators(): void {
  const { TMS } = ltm;
  const operators = new Map<number, BitOp>([
    [TMS.TM_BAND as number, BitOp.AND],
    [TMS.TM_BOR as number, BitOp.OR],
    [TMS.TM_BXOR as number, BitOp.XOR],
    [TMS.TM_SHL as number, BitOp.SHL],
    [TMS.TM_SHR as number, BitOp.SHR],
    [TMS.TM_BNOT as number, BitOp.NOT],
  ]);
  const tryMetamethod = ltm.luaT_trybinTM;
  const inexact = encodeText('result of a bit operation has no exact integer representation');
  ltm.luaT_trybinTM = (L, a, b, into, event) => {
    const op = operators.get(event);
    const x = op === undefined ? false : lvm.tointeger(a);
    const y = x === false ? false : lvm.tointeger(b);
    if (op === undefined || x === false || y === false) return tryMetamethod(L, a, b, into, event);
    const result = bitOperation(op, x, y);
    if (result === null) ldebug.luaG_runerror(L, inexact);
    into.setfltvalue(result as number);
  };
  foldBitOperators(new Map([...operators].map(([event, op]) => [event - FIRST_EVENT, op])));
}

/** Metamethod events stand in the order of the operators' numbers; this is the one of addition. */
const FIRST_EVENT = ltm.TMS.TM_ADD as number;

/** The compiler works out constant operations itself; for NaN it leaves them to the program. */
function foldBitOperators(operators: ReadonlyMap<number, BitOp>): void {
  const arith = lobject.luaO_arith;
  lobject.luaO_arith = (L, code, a, b, into) => {
    const op = operators.get(code);
    if (op === undefined) return arith(L, code, a, b, into);
    const x = lvm.tointeger(a);
    const y = lvm.tointeger(b);
    const result = x === false || y === false ? null : bitOperation(op, x, y);
    into.setfltvalue(result ?? Number.NaN);
  };
}

/** A string with room for its hash and its text, so that all strings have one shape. */
interface CachedString {
  h: string | null;
  text: string | Uint8Array | undefined;
  readonly realstring: Uint8Array;
}

function patchStrings(): void {
  Object.defineProperty(lstring.TString.prototype, 'hash', {
    get(this: CachedString) {
      this.h ??= `|${hexOf(this.realstring)}`; // the form that the scanner's keywords have
      return this.h;
    },
    set(this: CachedString, hash: string | null) {
      this.h = hash;
      this.text = undefined;
    },
  });
}

/** A table with its deleted entries, which a walk that stands on one goes on from. */
interface Graveyard {
  graveyard: LateMap<unknown, Entry>;
}

function patchTables(): void {
  // Every new key clears it, which costs a Map a new store each time.
  Object.defineProperty(
    Object.getPrototypeOf(ltable.luaH_new(lstate.lua_newstate())),
    'dead_strong',
    {
      get(this: Graveyard) {
        return this.graveyard;
      },
      set(this: Graveyard) {
        this.graveyard = new LateMap();
      },
    },
  );
  const getAny = ltable.luaH_get;
  ltable.luaH_get = (L, table, key) => {
    const type = key.type;
    let entry: Entry | undefined;
    if (type === STRING) entry = table.strong.get((key.value as TString).hash);
    else if ((type & 0x0f) === NUMBER) entry = table.strong.get(key.value);
    else return getAny(L, table, key);
    return entry === undefined ? lobject.luaO_nilobject : entry.value;
  };
  const next = ltable.luaH_next;
  ltable.luaH_next = (L, table, at) => {
    if ((L.stack[at] as TValue).type === NIL) fill(table);
    return next(L, table, at);
  };
}

/** Tables that are made as they are read (`lazy-table.ts`) are completed before they are walked. */
function fill(table: Table): void {
  const map = table.strong as Map<unknown, Entry> & { fill?: () => void };
  map.fill?.();
}

function patchClosures(): void {
  Object.defineProperty(lfunc.Proto.prototype, 'cache', { get: () => null, set: () => undefined });
}

function patchUserdata(): void {
  lobject.Udata = class {
    metatable: Table | null = null;
    data: unknown = null;
  };
}

function patchMessages(): void {
  lobject.luaO_pushvfstring = (L, format, args) => pushFormatted(L, format, args);
  lobject.luaO_pushfstring = (L, format, ...args) => pushFormatted(L, format, args);
  const chunkId = lobject.luaO_chunkid;
  const AT = 64;
  const EQUALS = 61;
  lobject.luaO_chunkid = (source, limit) =>
    source[0] === AT || source[0] === EQUALS ? source.slice(1) : chunkId(source, limit);
}

const PERCENT = 37;

/** Bytes in, bytes out: a message may quote a string that is not text. */
function pushFormatted(L: lua_State, format: Uint8Array, args: unknown[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let used = 0;
  let from = 0;
  for (let at = format.indexOf(PERCENT); at !== -1; at = format.indexOf(PERCENT, from)) {
    parts.push(format.subarray(from, at));
    const letter = String.fromCharCode(format[at + 1] as number);
    parts.push(letter === '%' ? format.subarray(at, at + 1) : formatted(letter, args[used++]));
    from = at + 2;
  }
  parts.push(format.subarray(from));
  const bytes = concatBytes(parts);
  ldo.luaD_checkstack(L, 1);
  L.stack[L.top++] = new lobject.TValue(STRING, newString(bytes));
  return bytes;
}

function formatted(letter: string, value: unknown): Uint8Array {
  switch (letter) {
    case 's':
      return value instanceof Uint8Array ? value : encodeText(String(value ?? '(null)'));
    case 'c':
      return Uint8Array.of(value as number);
    case 'U':
      return encodeText(String.fromCodePoint(value as number));
    case 'p':
      return encodeText('(no address)');
    default:
      return encodeText(formatNumber(value as number));
  }
}

function newString(bytes: Uint8Array): TString {
  return new lstring.TString(null, bytes);
}

installInterpreter();
patchNumbers();
patchBitOperators();
patchStrings();
patchTables();
patchClosures();
patchUserdata();
patchMessages();
