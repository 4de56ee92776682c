/** The fengari engine: one lua_State, and on it a thread and an `_ENV` for each process. */
import { ErrorKind, isPerdureError, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import type { Program } from '../../kernel/program.js';
import type { Engine, LuaSource, OpenOptions } from '../engine.js';
import type { LuaModule, NativeFunction } from '../module.js';
import { loadOrder } from './boot.js';
import { CodeCache, compileSource } from './compile.js';
import { Environment } from './environment.js';
import { nativeFunction } from './native.js';
import { ObjectTypes } from './objects.js';
import { LuaProcess } from './process.js';
import type { ObjectForm, Shared } from './scope.js';
import { toLua } from './values-in.js';
import {
  type LuaFunction,
  lapi,
  lstate,
  type lua_State,
  type Proto,
  stringOf,
  type TString,
} from './vm.js';

/**
 * Makes an engine that offers these modules.
 * @param code compiled code, which engines of one realm may share (one a workflow, say)
 */
export function fengariEngine(modules: readonly LuaModule[], code = new CodeCache()): Engine {
  return new FengariEngine(modules, code);
}

const KEPT_TEXTS = 4096;
const KEPT_LENGTH = 40;

class FengariEngine implements Engine, Shared {
  readonly state: lua_State = lstate.lua_newstate();
  readonly modules: ReadonlyMap<string, LuaModule>;
  private readonly types: ObjectTypes;
  private readonly environment: Environment;
  private readonly texts = new Map<string, TString>();
  private readonly natives = new WeakMap<NativeFunction, LuaFunction>();

  constructor(
    modules: readonly LuaModule[],
    private readonly code: CodeCache,
  ) {
    this.modules = new Map(modules.map((module) => [module.name, module]));
    this.types = new ObjectTypes(
      this,
      modules.flatMap((module) => module.types ?? []),
    );
    this.environment = new Environment(this);
    lapi.lua_atnativeerror(this.state, nativeError);
  }

  check(source: LuaSource): void {
    for (const each of loadOrder(source)) this.compile(each);
  }

  open(options: OpenOptions): Program {
    return new LuaProcess(this, this.environment, options);
  }

  compile(source: LuaSource): Proto {
    return this.code.get(source, () => compileSource(this.state, source));
  }

  text(text: string): TString {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    const string = stringOf(text);
    if (text.length <= KEPT_LENGTH) {
      if (this.texts.size >= KEPT_TEXTS) this.texts.clear();
      this.texts.set(text, string);
    }
    return string;
  }

  formOf(object: object): ObjectForm | null {
    return this.types.formOf(object);
  }

  textOf(object: object): string | null {
    const type = this.types.typeOf(object);
    return type?.tostring?.(object) ?? null;
  }

  nameOf(object: object): string {
    return this.types.typeOf(object)?.name ?? 'host object';
  }

  plainOf(object: object): (() => Value) | null {
    const plain = this.types.typeOf(object)?.plain;
    return plain === undefined ? null : () => plain(object);
  }

  native(fn: NativeFunction): LuaFunction {
    let native = this.natives.get(fn);
    if (native === undefined) {
      native = nativeFunction(fn.invoke.name || 'a native function', fn.invoke);
      this.natives.set(fn, native);
    }
    return native;
  }
}

/**
 * A JavaScript exception inside the VM: its argument is the exception, as a light userdata. Running
 * out of stack is the program's doing; anything else is a mistake of the engine, and says so.
 */
function nativeError(L: lua_State): number {
  const thrown = lapi.lua_touserdata(L, 1);
  const error = isPerdureError(thrown)
    ? thrown
    : new PerdureError(
        ErrorKind.INTERNAL,
        `in the Lua engine: ${PerdureError.from(thrown).message}`,
        {
          cause: thrown,
        },
      );
  L.stack[L.top++] = toLua(L.owner, error);
  return 1;
}
