import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fengariEngine } from '../../src/lua/fengari/engine.js';
import { startLua } from '../support/lua.js';
import { luaTestModule } from '../support/lua-test-module.js';
import { programTwins } from '../support/lua-twins.js';
import type { TestHost } from '../support/test-host.js';

const engine = fengariEngine([luaTestModule()]);

const start = (lua: string, slice?: number): TestHost =>
  startLua(`return function()\n${lua}\nend`, {
    engine,
    ...(slice === undefined ? {} : { slice }),
  });

/** Turns the clock and gives turns until the process has ended. */
function result(host: TestHost): unknown {
  for (let i = 0; host.kernel.result === null; i++) {
    if (i > 1_000_000) throw new Error('the process does not end');
    if (!host.kernel.runnable) host.turn(1000);
    else host.kernel.run();
  }
  return host.value;
}

// An empty list is an empty map for a Lua table.
const list = (value: unknown): unknown =>
  Array.isArray(value) ? value : Object.keys(value as object).length === 0 ? [] : value;

describe('a program in Lua does what its twin in JavaScript does', () => {
  it.each([
    ['that runs, and waits, as it likes', undefined],
    ['that is interrupted after every instruction', 1],
    ['that is interrupted every seven instructions', 7],
  ])('%s', (_how, slice) => {
    fc.assert(
      fc.property(programTwins, ({ lua, js }) => {
        const expected: unknown = new Function(js)();
        expect(list(result(start(lua, slice)))).toEqual(expected);
      }),
    );
  });
});
