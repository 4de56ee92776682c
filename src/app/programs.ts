/** Programs for local hosts: registry entries, in Lua or TypeScript, and TypeScript functions. */
import type { ProcessDefinition } from '../core/definition.js';
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { Programs } from '../hosts/local/programs.js';
import { openDefinition } from '../js/program.js';
import type { Kernel } from '../kernel/kernel.js';
import type { Program } from '../kernel/program.js';
import type { Engine, LuaSource } from '../lua/engine.js';
import type { Use } from '../lua/module.js';
import type { Entry, Registry } from '../registry/index.js';
import { entryNotFound } from './host-choice.js';
import { definitionOfFunction, type Scripts } from './scripts.js';
import { sourceOf } from './sources.js';

/** VM instructions a turn: some milliseconds, as long as the run queue lets processes run at a time. */
const SLICE = 100_000;

/** What a local host can run, and the Lua engine that its Lua entries share. */
export class LocalPrograms implements Programs {
  private readonly sources = new Map<string, LuaSource>();

  /**
   * @param scripts the programs of `process.js` entries
   * @param use `function`: only functions (and processes declared as activities) can be run
   */
  constructor(
    private readonly registry: Registry,
    private readonly engine: Engine,
    private readonly scripts: Scripts,
    private readonly use: Exclude<Use, 'workflow'>,
  ) {}

  open(entry: string, kernel: Kernel): Program {
    const script = this.script(entry);
    if (script !== undefined) return openDefinition(script, kernel);
    const source = this.sources.get(entry) ?? this.load(entry);
    return this.engine.open({
      source,
      use: this.use,
      kernel,
      budget: null,
      slice: SLICE,
    });
  }

  private script(entry: string): ProcessDefinition | undefined {
    if (this.use === 'local') return this.scripts.processes.get(entry);
    const run = this.scripts.functions.get(entry);
    return run === undefined ? undefined : definitionOfFunction(run, entry);
  }

  private load(id: string): LuaSource {
    const entry = this.registry.get(id);
    if (entry === undefined) throw entryNotFound(this.registry, id);
    const source = sourceOf(this.registry, this.admit(entry));
    this.sources.set(id, source);
    return source;
  }

  private admit(entry: Entry): Entry & { kind: 'process.lua' | 'function.lua' } {
    if (this.use === 'function') {
      if (entry.kind === 'function.lua') return entry;
      if (entry.kind === 'process.lua' && entry.activity !== null) return entry;
    } else if (entry.kind === 'process.lua') return entry;
    throw refusal(entry, this.use);
  }
}

function refusal(entry: Entry, use: Use): PerdureError {
  const advice =
    entry.kind === 'workflow.lua' || entry.kind === 'workflow.js'
      ? `it is a ${entry.kind}: spawn it on its worker, ${entry.workflow.worker}`
      : entry.kind === 'function.lua' || entry.kind === 'function.js'
        ? `it is a ${entry.kind}: call it with funcs.call`
        : entry.kind === 'process.lua' || entry.kind === 'process.js'
          ? `it is a ${entry.kind}: start it with process.spawn`
          : `it is a ${entry.kind}`;
  const what = use === 'function' ? 'cannot be called as a function' : 'cannot run on a local host';
  return new PerdureError(ErrorKind.INVALID, `${entry.id} ${what}; ${advice}`);
}
