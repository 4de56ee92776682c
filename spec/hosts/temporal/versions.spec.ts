/**
 * `workflow.version`: runs that were begun by one source go on with another. When the world closes, each of
 * their histories is replayed with the newer one once more.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Pid } from '../../../src/core/pid.js';
import type { LuaSource } from '../../../src/lua/engine.js';
import { luaSource, temporalWorld, type World } from '../../support/temporal-world.js';

/** `steps` before the wait that the change of the source falls into, and what comes after it. */
const program = (steps: string, then = 'return "the older program"'): string => `
  local funcs, workflow = require("funcs"), require("workflow")
  local function step(name) return assert(funcs.call("app:step", name)) end
  return function(to)
    ${steps}
    process.send(to, "ready")
    process.inbox():receive()
    ${then}
  end`;

interface Change {
  readonly before: string;
  readonly after: string;
  readonly answer: unknown;
}

const CHANGES: { readonly [what: string]: Change } = {
  'a run from before the change takes the oldest version': {
    before: program('step("old")'),
    after: program(
      'local n = workflow.version("c", 1, 2) step(n == 1 and "old" or "new")',
      'return n',
    ),
    answer: 1,
  },
  'a version stays what it was when newer ones come': {
    before: program('local n = workflow.version("c", 1, 2) step("as " .. n)'),
    after: program(
      'local n = workflow.version("c", 1, 4) step("as " .. n)',
      'return { n, workflow.version("c", 1, 4), workflow.version("another", 0, 1) }',
    ),
    answer: [2, 2, 1],
  },
  'a version that is no longer supported is INVALID, and says which': {
    before: program('workflow.version("c", 0, 1) step("one")'),
    after: program(
      'local n, err = workflow.version("c", 2, 3) step("one")',
      'return { n == nil, err:kind(), err:message() }',
    ),
    answer: [true, 'INVALID', expect.stringMatching(/version 1 of change "c".*supports 2 to 3/)],
  },
  'so is version 0': {
    before: program('workflow.version("c", 0, 0)'),
    after: program('local n, err = workflow.version("c", 1, 1)', 'return { n == nil, err:kind() }'),
    answer: [true, 'INVALID'],
  },
  'the call can be removed, and the newest code stays': {
    before: program('if workflow.version("c", 1, 2) == 2 then step("new") end'),
    after: program('step("new")', 'return "removed"'),
    answer: 'removed',
  },
  'a call that is reached only after the change takes the newest version': {
    before: program('step("old")'),
    after: program('step("old")', 'return workflow.version("c", 1, 3)'),
    answer: 3,
  },
  'a run that was before the change at one place is so at every place': {
    before: program('step("old")'),
    after: program(
      'local first = workflow.version("c", 1, 2) step("old")',
      'return { first, workflow.version("c", 1, 2) }',
    ),
    answer: [1, 1],
  },
  'changes do not touch each other': {
    before: program('local a = workflow.version("a", 1, 1) step("a" .. a)'),
    after: program(
      'local a = workflow.version("a", 1, 3) step("a" .. a) local b = workflow.version("b", 1, 2)',
      'return { a, b }',
    ),
    answer: [1, 1],
  },
};

const nameOf = (i: number): string => `change${i}`;

describe.each([undefined, 0])('workflow.version, cached workflows: %s', (maxCachedWorkflows) => {
  let world: World;
  const pids: Pid[] = [];
  const changes = Object.values(CHANGES);

  beforeAll(async () => {
    const workflows = Object.fromEntries(changes.map(({ before }, i) => [nameOf(i), before]));
    const settings = { maxCachedWorkflows };
    world = await temporalWorld({ workflows, activities: { step: {} }, settings });
    world.node.functions.set('app:step', ({ values }) => values[0] ?? null);
    const to = `{${world.node.name}@app:processes|spec}`;
    for (let i = 0; i < changes.length; i++) pids.push(await world.spawn(nameOf(i), [to]));
    const heard = () => world.node.delivered.length >= changes.length || undefined;
    await world.node.until(heard);
    await world.host.stop(5000);
    for (const [i, workflow] of world.app.workflows.entries()) {
      const changed = luaSource(nameOf(i), changes[i]?.after ?? '');
      (workflow as { source: LuaSource }).source = changed;
    }
    await world.anotherHost().start();
  }, 60_000);
  afterAll(() => world.close(), 60_000);

  it.each(Object.keys(CHANGES))('%s', async (what) => {
    const i = Object.keys(CHANGES).indexOf(what);
    const pid = pids[i] ?? '';
    await world.send(pid, 'go');
    expect(await world.exitOf(pid)).toEqual({ value: changes[i]?.answer, error: null });
  });
});
