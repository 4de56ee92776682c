/**
 * `coroutine.spawn(fn, ...)`: a task of the same process, next to the one that spawns it. A failure in
 * it is a failure of the process.
 *
 * It bears the name of a standard library, so the engine adds it to that library's table.
 */
import { type LuaModule, ModuleAccess, Suspension, Use } from '../module.js';
import { fn } from './args.js';

export const coroutineModule: LuaModule = {
  name: 'coroutine',
  access: ModuleAccess.BUILTIN,
  uses: [Use.LOCAL, Use.FUNCTION, Use.WORKFLOW],
  functions: {
    spawn: fn('coroutine.spawn', ['fn'], (args, call) => {
      const task = call.task(args.fun(0), args.rest(1));
      return new Suspension({ op: 'fork', task }, () => []);
    }),
  },
};
