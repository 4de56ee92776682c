/**
 * Host objects in Lua: userdata whose metatable comes from the {@link ObjectType} of their class.
 * Programs cannot reach the metatable (`__metatable`), so one serves all processes of an engine.
 */
import { isPerdureError, PerdureError } from '../../core/errors.js';
import type { LuaValue, ObjectType } from '../module.js';
import { hostObject, raiseThrown } from './errors.js';
import { nativeMethod } from './native.js';
import { formatNumber } from './numerals.js';
import { refer } from './ref.js';
import type { ObjectForm, Shared } from './scope.js';
import { concatBytes, encodeText } from './text.js';
import { toLua } from './values-in.js';
import { fromLua } from './values-out.js';
import {
  appendEntry,
  argument,
  bytesString,
  type LuaFunction,
  ltable,
  type lua_State,
  push,
  raise,
  stringOf,
  type Table,
  Tag,
  type TString,
  TValue,
  Type,
  textOf,
} from './vm.js';

/** Errors as an engine shows them when no module declares more. */
const PLAIN_ERROR: ObjectType<PerdureError> = {
  of: PerdureError,
  name: 'error',
  methods: { kind: (_call, self) => [self.kind], message: (_call, self) => [self.message] },
  tostring: (self) => self.text,
};

export class ObjectTypes {
  private readonly byClass = new Map<unknown, ObjectType>();
  private readonly forms = new Map<ObjectType, ObjectForm>();

  constructor(
    private readonly shared: Shared,
    types: readonly ObjectType[],
  ) {
    for (const type of [PLAIN_ERROR, ...types]) this.byClass.set(type.of, type);
  }

  /** The type of the object's class, or of the nearest class above it. */
  typeOf(object: object): ObjectType | null {
    for (let p: object | null = Object.getPrototypeOf(object); p !== null; ) {
      const type = this.byClass.get(p.constructor);
      if (type !== undefined) return type;
      p = Object.getPrototypeOf(p) as object | null;
    }
    // An error of another realm has another class.
    return isPerdureError(object) ? (this.byClass.get(PerdureError) ?? null) : null;
  }

  formOf(object: object): ObjectForm | null {
    const type = this.typeOf(object);
    if (type === null) return null;
    let form = this.forms.get(type);
    if (form === undefined) {
      form = { metatable: this.makeMetatable(type), fleeting: type.fleeting === true };
      this.forms.set(type, form);
    }
    return form;
  }

  private makeMetatable(type: ObjectType): Table {
    const table = ltable.luaH_new(this.shared.state);
    const set = (key: string, tag: number, value: unknown): void => {
      const text = stringOf(key);
      appendEntry(table, text.hash, new TValue(Tag.STRING, text), new TValue(tag, value));
    };
    set('__name', Tag.STRING, stringOf(type.name));
    set('__metatable', Tag.BOOLEAN, false);
    const methods = this.makeMethods(type);
    if (type.field === undefined) set('__index', Tag.TABLE, methods);
    else set('__index', Tag.NATIVE, indexFunction(type.field, methods));
    set('__tostring', Tag.NATIVE, tostringFunction(type));
    set('__concat', Tag.NATIVE, concat);
    if (type.equals !== undefined) set('__eq', Tag.NATIVE, compareFunction(type, type.equals));
    if (type.less !== undefined) {
      const { less } = type;
      set('__lt', Tag.NATIVE, compareFunction(type, less));
      set(
        '__le',
        Tag.NATIVE,
        compareFunction(type, (a, b) => !less(b, a)),
      );
    }
    if (type.add !== undefined) set('__add', Tag.NATIVE, arithmetic(type.add));
    if (type.subtract !== undefined) set('__sub', Tag.NATIVE, arithmetic(type.subtract));
    table.flags = 0; // the VM's note of absent metamethods; a new table says "none"
    return table;
  }

  private makeMethods(type: ObjectType): Table {
    const table = ltable.luaH_new(this.shared.state);
    for (const [name, method] of Object.entries(type.methods)) {
      const text = stringOf(name);
      const fn = new TValue(Tag.NATIVE, nativeMethod(type, name, method));
      appendEntry(table, text.hash, new TValue(Tag.STRING, text), fn);
    }
    return table;
  }
}

type Field = NonNullable<ObjectType['field']>;

function indexFunction(field: Field, methods: Table): LuaFunction {
  return (L) => {
    const key = argument(L, 2) as TValue;
    const method = (key.type & 0x0f) === Type.STRING && ltable.luaH_get(L, methods, key);
    if (method !== false && !method.ttisnil()) {
      push(L, method.type, method.value);
      return 1;
    }
    const name = key.type === Tag.STRING ? textOf(key.value as TString) : null;
    const self = hostObject(argument(L, 1) as TValue);
    if (typeof name !== 'string' || self === null) return 0;
    return guarded(L, () => field(self, name));
  };
}

function tostringFunction(type: ObjectType): LuaFunction {
  return (L) => {
    const self = hostObject(argument(L, 1) as TValue);
    return guarded(L, () =>
      self === null || type.tostring === undefined ? type.name : type.tostring(self),
    );
  };
}

function compareFunction(
  type: ObjectType,
  compare: (a: object, b: object) => boolean,
): LuaFunction {
  return (L) => {
    const a = hostObject(argument(L, 1) as TValue);
    const b = hostObject(argument(L, 2) as TValue);
    if (!(a instanceof type.of) || !(b instanceof type.of)) {
      return raise(L, `attempt to compare ${type.name} with another type`);
    }
    return guarded(L, () => compare(a as object, b as object));
  };
}

function arithmetic(operate: (a: LuaValue, b: LuaValue) => LuaValue): LuaFunction {
  return (L) => {
    const { owner } = L;
    const a = fromLua(owner, argument(L, 1) as TValue, refer);
    const b = fromLua(owner, argument(L, 2) as TValue, refer);
    return guarded(L, () => operate(a, b));
  };
}

/** `..` with a host object on either side joins their texts. */
const concat: LuaFunction = (L) => {
  const parts = [1, 2].map((i) => concatPart(L, argument(L, i) as TValue));
  push(L, Tag.STRING, bytesString(concatBytes(parts)));
  return 1;
};

function concatPart(L: lua_State, value: TValue): Uint8Array {
  if (value.type === Tag.STRING) return (value.value as TString).realstring;
  if ((value.type & 0x0f) === Type.NUMBER) return encodeText(formatNumber(value.value as number));
  const object = hostObject(value);
  const text = object === null ? null : L.owner.shared.textOf(object);
  return text === null
    ? raise(L, 'attempt to concatenate a value without a text')
    : encodeText(text);
}

/** Pushes what `make` gives; what it throws becomes a Lua error. */
function guarded(L: lua_State, make: () => LuaValue | undefined): number {
  let value: TValue;
  try {
    value = toLua(L.owner, make());
  } catch (thrown) {
    return raiseThrown(L, L.owner, thrown);
  }
  L.stack[L.top++] = value;
  return 1;
}
