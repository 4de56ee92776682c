/** The local side of an app: its process hosts, the host of functions, and what they share. */
import { type Pid, parsePid } from '../core/pid.js';
import { LocalFunctions } from '../hosts/local/functions.js';
import { LocalHost } from '../hosts/local/local-host.js';
import { createOutside } from '../hosts/local/outside.js';
import type { Outside } from '../hosts/local/programs.js';
import { secureRandom } from '../hosts/local/random.js';
import type { Engine } from '../lua/engine.js';
import type { Use } from '../lua/module.js';
import type { Registry } from '../registry/index.js';
import type { Node } from '../runtime/node.js';
import { FUNCTIONS } from '../runtime/runtime.js';
import { BUILT_IN_HOST, SUPERVISORS } from './host-choice.js';
import { LocalPrograms } from './programs.js';
import type { Scripts } from './scripts.js';
import { SupervisorPrograms } from './supervisors.js';

export interface LocalSideOptions {
  readonly registry: Registry;
  readonly node: Node;
  /** Makes a Lua engine; each host has its own. */
  readonly engine: () => Engine;
  readonly scripts: Scripts;
  readonly env: { readonly [name: string]: string | undefined };
  readonly print: (text: string) => void;
}

/** How long processes on a host without a lifecycle of its own may take to stop, in ms. */
const STOP_TIMEOUT_MS = 10_000;

export class LocalSide {
  private readonly hosts = new Map<string, LocalHost>();
  private readonly functions: LocalFunctions;
  private readonly outside: Outside;

  constructor(private readonly options: LocalSideOptions) {
    const { registry, node, env, print } = options;
    this.functions = new LocalFunctions(node);
    this.outside = createOutside({
      env,
      events: node.events,
      now: () => node.clock.now(),
      random: secureRandom(),
      print,
    });
    this.add(FUNCTIONS, 'function');
    this.add(BUILT_IN_HOST, 'local');
    this.add(SUPERVISORS, 'local');
    for (const { id } of registry.ofKind('terminal.host')) this.add(id, 'local');
    for (const { id, limits } of registry.ofKind('process.host')) this.add(id, 'local', limits);
  }

  /** Asks a process to end within `withinMs`; one that never asked for its events ends at once. */
  askToStop(pid: Pid, withinMs: number, reason: string): void {
    this.hosts.get(parsePid(pid)?.host ?? '')?.askToStop(pid, withinMs, reason);
  }

  /** Ends the processes of one host. */
  async stopHost(id: string, timeoutMs: number): Promise<void> {
    await this.hosts.get(id)?.stop(timeoutMs);
  }

  /** Ends what still runs, functions last: they serve activities until the workers are gone. */
  async stop(withinMs: number): Promise<void> {
    const timeoutMs = Math.min(STOP_TIMEOUT_MS, withinMs);
    const last = this.hosts.get(FUNCTIONS);
    const others = [...this.hosts.values()].filter((host) => host !== last);
    await Promise.all(others.map((host) => host.stop(timeoutMs)));
    await last?.stop(timeoutMs);
  }

  private add(id: string, use: Exclude<Use, 'workflow'>, limits?: HostNumbers): void {
    const { registry, node, engine, scripts } = this.options;
    const programs = new LocalPrograms(registry, engine(), scripts, use);
    const host = new LocalHost({
      id,
      node,
      programs: use === 'local' ? new SupervisorPrograms(registry, node, programs) : programs,
      functions: this.functions,
      outside: this.outside,
      mailboxLimit: limits?.mailboxLimit ?? undefined,
      maxProcesses: limits?.maxProcesses ?? undefined,
    });
    this.hosts.set(id, host);
    node.addHost(host);
  }
}

interface HostNumbers {
  readonly maxProcesses: number | null;
  readonly mailboxLimit: number | null;
}
