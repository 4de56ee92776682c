/** Which host an entry runs on when nobody, or somebody, says so. A pure decision over the registry. */
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { Entry, Registry } from '../registry/index.js';
import { FUNCTIONS } from '../runtime/runtime.js';

/** The host of supervisors that name none. */
export const SUPERVISORS = 'perdure:supervisors';

/** The host of processes in an app that declares none. */
export const BUILT_IN_HOST = 'perdure:processes';

/**
 * The requested host, else the entry's `meta.default_host`, else the only `process.host`, else the
 * `terminal.host`, else the built-in one; functions run on theirs, a workflow on its worker, supervisors on
 * the host they name, else on theirs.
 * @throws PerdureError NOT_FOUND (entry), INVALID (not runnable; several hosts and no choice).
 */
export function chooseHost(
  registry: Registry,
  id: string | null,
  requested: string | undefined,
): string {
  if (id === null) return requested ?? onlyHost(registry, 'the process');
  const entry = registry.get(id);
  if (entry === undefined) throw entryNotFound(registry, id);
  if (requested !== undefined) return requested;
  switch (entry.kind) {
    case 'function.lua':
    case 'function.js':
      return FUNCTIONS;
    case 'workflow.lua':
    case 'workflow.js':
      return entry.workflow.worker;
    case 'process.lua':
    case 'process.js':
      return entry.defaultHost ?? onlyHost(registry, id);
    case 'process.supervisor':
      return entry.host ?? SUPERVISORS;
    default:
      throw notRunnable(entry);
  }
}

function onlyHost(registry: Registry, id: string): string {
  const hosts = registry.ofKind('process.host');
  if (hosts.length > 1) {
    throw new PerdureError(
      ErrorKind.INVALID,
      `${id} may run on ${hosts.map((h) => h.id).join(' or ')}: choose with --host or meta.default_host`,
      { details: { reason: 'host_ambiguous' } },
    );
  }
  return hosts[0]?.id ?? registry.ofKind('terminal.host')[0]?.id ?? BUILT_IN_HOST;
}

/** The error for an entry id that the app does not have, with the nearest one that it has. */
export function entryNotFound(registry: Registry, id: string): PerdureError {
  const runnable = [...registry.entries.values()].filter(isRunnable).map((entry) => entry.id);
  const list = runnable.length === 0 ? 'the app has none' : `the app has ${runnable.join(', ')}`;
  return new PerdureError(ErrorKind.NOT_FOUND, `entry not found: ${id}; ${list}`);
}

function notRunnable(entry: Entry): PerdureError {
  return new PerdureError(
    ErrorKind.INVALID,
    `${entry.id} is a ${entry.kind}, which cannot be run; run a process, a function, a workflow or a supervisor`,
  );
}

const RUNNABLE: ReadonlySet<string> = new Set([
  'process.lua',
  'process.js',
  'function.lua',
  'function.js',
  'workflow.lua',
  'workflow.js',
  'process.supervisor',
]);

function isRunnable(entry: Entry): boolean {
  return RUNNABLE.has(entry.kind);
}
