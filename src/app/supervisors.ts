/** Supervisors of the registry, as programs of local hosts. */
import type { Programs } from '../hosts/local/programs.js';
import { type SupervisorPort, SupervisorProgram } from '../hosts/local/supervisor-program.js';
import type { Kernel } from '../kernel/kernel.js';
import type { Program } from '../kernel/program.js';
import { type EntryOf, type Registry, readChild, type SupervisedChild } from '../registry/index.js';
import type { Node } from '../runtime/node.js';
import {
  type ChildSpec,
  DEFAULT_SUPERVISION,
  Strategy,
  type SupervisorSpec,
} from '../runtime/supervisor/index.js';
import { chooseHost } from './host-choice.js';

/** Programs of a host that runs supervisors beside what it runs anyway. */
export class SupervisorPrograms implements Programs {
  private readonly port: SupervisorPort;

  constructor(
    private readonly registry: Registry,
    node: Node,
    private readonly others: Programs,
  ) {
    this.port = supervisorPort(registry, node);
  }

  open(id: string, kernel: Kernel): Program {
    const entry = this.registry.get(id);
    if (entry?.kind !== 'process.supervisor') return this.others.open(id, kernel);
    return new SupervisorProgram(kernel, toSpec(this.registry, entry), this.port);
  }
}

function supervisorPort(registry: Registry, node: Node): SupervisorPort {
  return {
    supervisors: node.supervisors,
    deliver: (pid, signal) => node.deliver(pid, signal),
    parentOf: (pid) => {
      const info = node.describe(pid);
      return info === undefined || info instanceof Promise ? null : info.parent;
    },
    publish: (event) => node.events.publish(event),
    newChild: (id, child) => {
      const entry = registry.get(id);
      if (entry?.kind !== 'process.supervisor') throw new Error(`${id} is no supervisor`);
      return toChildSpec(registry, entry, readChild(registry, entry, child));
    },
  };
}

/** @throws PerdureError INVALID where a child names no host and there is more than one to choose from. */
function toSpec(registry: Registry, entry: EntryOf<'process.supervisor'>): SupervisorSpec {
  const children = entry.children.map((child) => toChildSpec(registry, entry, child));
  return { ...entry, children };
}

function toChildSpec(
  registry: Registry,
  supervisor: EntryOf<'process.supervisor'>,
  child: SupervisedChild,
): ChildSpec {
  const template = supervisor.strategy === Strategy.SIMPLE_ONE_FOR_ONE;
  const { id, process, input, restart, significant } = child;
  const kind = registry.get(process)?.kind === 'process.supervisor' ? 'supervisor' : 'worker';
  const host = chooseHost(registry, process, child.host ?? undefined);
  const durable = registry.get(host)?.kind === 'temporal.worker';
  const patience =
    kind === 'supervisor' ? Number.POSITIVE_INFINITY : DEFAULT_SUPERVISION.shutdownMs;
  return {
    ...{ id, kind, entry: process, host, values: input, restart, significant, durable },
    shutdown: child.shutdown ?? patience,
    // By its name a durable child is found again when the node starts anew.
    name: child.name ?? (durable && !template ? `${supervisor.id}/${id}` : null),
  };
}
