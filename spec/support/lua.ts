/** Runs Lua in specs: a source of one file, a few modules, a {@link TestHost}. */
import { createHash } from 'node:crypto';
import type { Value } from '../../src/core/payload.js';
import type { Budget, Engine, LuaSource } from '../../src/lua/engine.js';
import { fengariEngine } from '../../src/lua/fengari/engine.js';
import { type LuaModule, ModuleAccess, Use } from '../../src/lua/module.js';
import { TestHost, type TestHostOptions } from './test-host.js';

export function luaSource(text: string, options: Partial<LuaSource> = {}): LuaSource {
  return {
    entry: 'test:process',
    file: 'test.lua',
    text,
    hash: createHash('sha256').update(text).digest('hex'),
    method: 'main',
    modules: null,
    imports: {},
    ...options,
  };
}

/** A module with all uses, built in unless said otherwise. */
export function luaModule(module: Partial<LuaModule> & { name: string }): LuaModule {
  return {
    access: ModuleAccess.BUILTIN,
    uses: Object.values(Use),
    functions: {},
    ...module,
  };
}

export interface RunOptions extends TestHostOptions {
  readonly engine?: Engine;
  readonly modules?: readonly LuaModule[];
  readonly source?: Partial<LuaSource>;
  readonly values?: readonly Value[];
  readonly budget?: Budget;
  readonly slice?: number;
  readonly use?: Use;
}

/** Starts `text` as a process and runs it until it waits or ends. */
export function startLua(text: string, options: RunOptions = {}): TestHost {
  const host = new TestHost(options);
  const engine = options.engine ?? fengariEngine(options.modules ?? []);
  const program = engine.open({
    source: luaSource(text, options.source),
    use: options.use ?? Use.LOCAL,
    kernel: host.kernel,
    budget: options.budget ?? null,
    slice: options.slice ?? null,
  });
  return host.run(program, ...(options.values ?? []));
}

/** What the body of a function returns, run as `main`. */
export function evalLua(body: string, options: RunOptions = {}): Value {
  return startLua(`return function(...) ${body} end`, options).value;
}
