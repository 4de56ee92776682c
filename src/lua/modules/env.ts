/** `env`: environment variables, those the host lets a process see. */
import { type LuaModule, ModuleAccess, Suspension, Use } from '../module.js';
import { valueOrError } from './answers.js';
import { fn, notFound } from './args.js';

export const envModule: LuaModule = {
  name: 'env',
  access: ModuleAccess.LISTED,
  uses: [Use.LOCAL, Use.FUNCTION],
  functions: {
    get: fn('env.get', ['name'], (args) => {
      const name = args.nonEmpty(0);
      return new Suspension({ op: 'env', name }, (answer) => {
        const absent = answer.error === null && (answer.value ?? null) === null;
        return absent ? notFound(`env.get: variable "${name}" not found`) : valueOrError(answer);
      });
    }),
  },
};
