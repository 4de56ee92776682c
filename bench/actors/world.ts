/** A node with one local host for the workloads: TypeScript functions, and Lua sources by entry id. */

import type { ProcessDefinition } from '../../src/core/definition.js';
import { ErrorKind, PerdureError } from '../../src/core/errors.js';
import type { Value } from '../../src/core/payload.js';
import type { Pid } from '../../src/core/pid.js';
import { EMPTY_CONTEXT, type ExitResult } from '../../src/core/signal.js';
import { LocalFunctions } from '../../src/hosts/local/functions.js';
import { LocalHost } from '../../src/hosts/local/local-host.js';
import { createOutside } from '../../src/hosts/local/outside.js';
import { secureRandom } from '../../src/hosts/local/random.js';
import type { LuaSource } from '../../src/lua/engine.js';
import { fengariEngine } from '../../src/lua/fengari/engine.js';
import { standardModules } from '../../src/lua/modules/index.js';
import { Node } from '../../src/runtime/node.js';
import { SystemClock } from '../../src/runtime/system-clock.js';

export const HOST = 'bench:host';

export interface World {
  readonly node: Node;
  /** Starts a process: a function, or Lua by the id it was given under. */
  start(what: ProcessDefinition | string, ...values: Value[]): Pid;
  /** Starts a process and waits for its end. @throws its failure. */
  run(what: ProcessDefinition | string, ...values: Value[]): Promise<Value>;
  /** Whether any process is not waiting. */
  busy(): boolean;
}

/** @param lua Lua text by entry id. */
export function world(lua: { readonly [entry: string]: string } = {}): World {
  const node = new Node({ name: 'bench', clock: new SystemClock() });
  const engine = fengariEngine(standardModules());
  const sources = new Map(
    Object.entries(lua).map(([entry, text]): [string, LuaSource] => [
      entry,
      {
        entry,
        file: `${entry}.lua`,
        text,
        hash: entry,
        method: 'main',
        modules: null,
        imports: {},
      },
    ]),
  );
  const host = new LocalHost({
    id: HOST,
    node,
    programs: {
      open(entry, kernel) {
        const source = sources.get(entry);
        if (source === undefined) throw new PerdureError(ErrorKind.NOT_FOUND, entry);
        return engine.open({
          source,
          use: 'local',
          kernel,
          budget: null,
          slice: 100_000,
        });
      },
    },
    functions: new LocalFunctions(node),
    outside: createOutside({
      env: {},
      events: node.events,
      now: Date.now,
      random: secureRandom(),
      print: (text) => console.error(text),
    }),
    mailboxLimit: Number.POSITIVE_INFINITY,
  });
  node.addHost(host);
  const start: World['start'] = (what, ...values) => {
    const named = typeof what === 'string';
    const spawned = node.spawn(HOST, {
      entry: named ? what : what.name,
      definition: named ? null : what,
      values,
      name: null,
      messages: [],
      context: EMPTY_CONTEXT,
      options: {},
      parent: null,
    });
    if (spawned instanceof Promise || 'error' in spawned) throw new Error('it did not start');
    return spawned.pid;
  };
  return {
    node,
    start,
    busy: () => host.list().some(({ status }) => status === 'running'),
    async run(what, ...values) {
      const pid = start(what, ...values);
      const { value, error } = await new Promise<ExitResult>((done) => node.observe(pid, done));
      if (error !== null) throw error;
      return value;
    },
  };
}
