/** `ctx`: the values that a process inherited from whoever started it, and hands on. */
import type { LuaValue } from '../module.js';
import { type LuaModule, ModuleAccess, Use } from '../module.js';
import { fn, notFound } from './args.js';

export const ctxModule: LuaModule = {
  name: 'ctx',
  access: ModuleAccess.SAFE,
  uses: [Use.LOCAL, Use.FUNCTION, Use.WORKFLOW],
  functions: {
    get: fn('ctx.get', ['key'], (args, call) => {
      const key = args.string(0);
      const { context } = call.kernel;
      if (Object.hasOwn(context, key)) return [(context[key] ?? null) as LuaValue];
      return notFound(`ctx.get: key "${key}" not found in the context`);
    }),
    all: (call) => [{ ...call.kernel.context }],
  },
};
