/** Runs Lua with the standard modules, all of them listed. */
import type { Value } from '../../src/core/payload.js';
import { standardModules } from '../../src/lua/modules/index.js';
import { type RunOptions, startLua } from './lua.js';
import type { TestHost } from './test-host.js';

const modules = standardModules();
const names = modules.map((module) => module.name);

/** Runs `body` as the body of `main(...)` until it waits or ends. */
export function start(body: string, options: RunOptions = {}): TestHost {
  return startLua(`local function main(...) ${body}\nend\nreturn { main = main }`, {
    modules,
    ...options,
    source: { modules: names, ...options.source },
  });
}

/** What `body` returns first. */
export function evaluate(body: string, options: RunOptions = {}): Value {
  return start(body, options).value;
}

/**
 * What an expression that gives `nil, error` says: `KIND: text`. The spec fails where it does not.
 */
export function refusal(expression: string, options: RunOptions = {}): Value {
  return evaluate(
    `local value, err = ${expression}
     assert(value == nil and type(err) == "userdata", "not refused: " .. tostring(value))
     return err:kind() .. ": " .. tostring(err)`,
    options,
  );
}
