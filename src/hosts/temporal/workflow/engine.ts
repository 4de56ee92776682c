/**
 * What all workflows of a thread share: code only. This module and all that it imports are loaded once a
 * thread, before any workflow, and their exports are frozen.
 *
 * Invariant: nothing here keeps anything of a workflow. Compiled Lua is kept because it never changes;
 * each workflow has an engine, and with it a Lua state, of its own.
 */
import type { Engine } from '../../../lua/engine.js';
import { CodeCache } from '../../../lua/fengari/compile.js';
import { fengariEngine } from '../../../lua/fengari/engine.js';
import { standardModules } from '../../../lua/modules/index.js';

const code = new CodeCache();
const modules = standardModules();

export function newEngine(): Engine {
  return fengariEngine(modules, code);
}
