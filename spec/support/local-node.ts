/** A node with one local host, `app:processes`, that runs generator programs. */
import type { ProcessDefinition } from '../../src/core/definition.js';
import type { Value } from '../../src/core/payload.js';
import type { Pid } from '../../src/core/pid.js';
import { EMPTY_CONTEXT, type ExitResult } from '../../src/core/signal.js';
import { LocalFunctions } from '../../src/hosts/local/functions.js';
import { LocalHost } from '../../src/hosts/local/local-host.js';
import type { Clock } from '../../src/runtime/clock.js';
import type { NodeEvent } from '../../src/runtime/events.js';
import { Node } from '../../src/runtime/node.js';
import { SystemClock } from '../../src/runtime/system-clock.js';
import { generatorPrograms, type Main } from './generator-program.js';
import { quietOutside } from './quiet-outside.js';

export const HOST = 'app:processes';

export interface LocalNode {
  readonly node: Node;
  readonly host: LocalHost;
  readonly events: NodeEvent[];
  /** Starts a process; fails the spec where that is refused. */
  spawn(entry: string, ...values: Value[]): Pid;
  /** Starts a process under a name. */
  spawnNamed(name: string, entry: string, ...values: Value[]): Pid;
  /** Starts a TypeScript process. */
  run(definition: ProcessDefinition, ...values: Value[]): Pid;
  /** How a process ends. */
  exitOf(pid: Pid): Promise<ExitResult>;
  /** Resolves when every process waits for something. */
  quiet(): Promise<void>;
}

export interface LocalNodeOptions {
  readonly clock?: Clock;
  readonly mailboxLimit?: number;
  readonly maxProcesses?: number;
}

export function localNode(
  mains: { readonly [entry: string]: Main },
  options: LocalNodeOptions = {},
): LocalNode {
  const { clock = new SystemClock(), ...limits } = options;
  const node = new Node({ name: 'n1', clock });
  const events: NodeEvent[] = [];
  node.events.subscribe((event) => events.push(event));
  const host = new LocalHost({
    id: HOST,
    node,
    programs: generatorPrograms(mains),
    functions: new LocalFunctions(node),
    outside: quietOutside(node),
    ...limits,
  });
  node.addHost(host);
  const start = (
    name: string | null,
    entry: string,
    values: readonly Value[],
    definition: ProcessDefinition | null = null,
  ): Pid => {
    const spawned = host.spawn({
      entry,
      definition,
      values,
      name,
      messages: [],
      context: EMPTY_CONTEXT,
      options: {},
      parent: null,
    });
    if ('error' in spawned) throw spawned.error;
    return spawned.pid;
  };
  return {
    node,
    host,
    events,
    spawn: (entry, ...values) => start(null, entry, values),
    spawnNamed: (name, entry, ...values) => start(name, entry, values),
    run: (definition, ...values) => start(null, definition.name, values, definition),
    exitOf: (pid) => new Promise((resolve) => node.observe(pid, resolve)),
    async quiet() {
      while (host.list().some(({ status }) => status === 'running')) {
        await new Promise(setImmediate);
      }
    },
  };
}
