/**
 * Modules: the API that Lua programs see (`process`, `channel`, `time`, ...). A module is data and
 * functions over plain values; it never meets a lua_State, so it runs on any engine.
 *
 * A module function gets its arguments as {@link LuaValue}s and returns a list of results, or a
 * {@link Suspension}: a request for the kernel, with the function that turns the answer into results.
 * For bad arguments it returns `[null, error]`; it throws only where Lua's own library would raise.
 */
import type { Value } from '../core/payload.js';
import type { Kernel } from '../kernel/kernel.js';
import type { Answer } from '../kernel/program.js';
import type { Request } from '../kernel/request.js';

/** Where a piece of Lua runs. Each module says where it may be used. */
export const Use = { LOCAL: 'local', FUNCTION: 'function', WORKFLOW: 'workflow' } as const;
export type Use = (typeof Use)[keyof typeof Use];

/**
 * A value on its way to or from Lua.
 *
 * From Lua: nil (`null`), booleans, numbers, strings (`Uint8Array` when not valid UTF-8); a table, a
 * function or a coroutine as a {@link LuaRef}; a userdata as the very host object it stands for.
 * To Lua: all of these, and lists and maps (which become new tables; host objects may be nested in them).
 */
export type LuaValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | LuaRef
  | NativeFunction
  | HostObject
  | readonly LuaValue[]
  | { readonly [key: string]: LuaValue };

/** An object of a class that some {@link ObjectType} describes; Lua sees it as a userdata with methods. */
export type HostObject = object;

/** A Lua table, function or coroutine, held from outside. The engine implements it. */
export abstract class LuaRef {
  abstract readonly kind: 'table' | 'function' | 'thread';
  /**
   * The table as a payload.
   * @param limitBytes the most that its JSON may have; default: that of a payload
   * @throws PerdureError INVALID naming the path, or the limit.
   */
  abstract toValue(path: string, limitBytes?: number): Value;
  /** The field `key` of a table, without metamethods; `null` when absent. */
  abstract get(key: string): LuaValue;
  /** The items 1..n of a table. */
  abstract items(): LuaValue[];
  /** The string-keyed fields of a table, in insertion order. */
  abstract fields(): [string, LuaValue][];
}

export type ModuleFunction = (call: ModuleCall, ...args: LuaValue[]) => LuaResult;

/** A function made at run time and given to Lua (an iterator, say). */
export class NativeFunction {
  constructor(readonly invoke: ModuleFunction) {}
}

export type LuaResult = readonly LuaValue[] | Suspension;

/** A request, and what Lua gets from its answer. The engine suspends the coroutine if it has to. */
export class Suspension {
  constructor(
    readonly request: Request,
    readonly results: (answer: Answer) => readonly LuaValue[] | Suspension,
  ) {}
}

export interface ModuleCall {
  /** The process that the calling code belongs to. */
  readonly kernel: Kernel;
  readonly use: Use;
  /** Where the caller stands: `order.lua:42`. */
  where(): string;
  /** Makes a task of this process that runs a Lua function (for `coroutine.spawn`). */
  task(fn: LuaRef, args: readonly LuaValue[]): import('../kernel/program.js').Task;
}

/** How Lua sees the objects of one class. */
// biome-ignore lint/suspicious/noExplicitAny: a closed list of types over different classes needs a bivariant parameter
export interface ObjectType<T extends object = any> {
  /** The class: an object belongs to the type whose class made it. */
  readonly of: abstract new (
    ...args: never[]
  ) => T;
  /** Shown in error messages and by `tostring`. */
  readonly name: string;
  readonly methods: { readonly [name: string]: ObjectMethod<T> };
  /** Fields that are read without a call; asked after `methods`. */
  readonly field?: (self: T, key: string) => LuaValue | undefined;
  /**
   * Programs mostly see an object of it once: each time it comes to Lua it gets a new userdata, until a
   * program has passed it on (through a channel, say). None of its methods returns it.
   */
  readonly fleeting?: true;
  readonly tostring?: (self: T) => string;
  /** What it stands for inside a payload; types without this cannot be sent. */
  readonly plain?: (self: T) => Value;
  readonly equals?: (a: T, b: T) => boolean;
  readonly less?: (a: T, b: T) => boolean;
  readonly add?: (a: LuaValue, b: LuaValue) => LuaValue;
  readonly subtract?: (a: LuaValue, b: LuaValue) => LuaValue;
}

export type ObjectMethod<T extends object> = (
  call: ModuleCall,
  self: T,
  ...args: LuaValue[]
) => LuaResult;

/** When `require` of a module is allowed without it being listed in `modules:`. */
export const ModuleAccess = {
  /** Always there, also as a global, listed or not (`process`, `channel`, `errors`). */
  BUILTIN: 'builtin',
  /** Without side effects: may be required where the entry has no `modules:` list. */
  SAFE: 'safe',
  /** Reaches outside: only when listed. */
  LISTED: 'listed',
} as const;
export type ModuleAccess = (typeof ModuleAccess)[keyof typeof ModuleAccess];

export interface LuaModule {
  readonly name: string;
  readonly access: ModuleAccess;
  readonly uses: readonly Use[];
  readonly functions: { readonly [name: string]: ModuleFunction };
  /** Constants and nested tables (`process.event`, `crypto.random`), functions as NativeFunction. */
  readonly constants?: { readonly [name: string]: LuaValue };
  readonly types?: readonly ObjectType[];
}
