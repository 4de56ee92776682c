/**
 * In which order services start and stop, as decisions.
 *
 * 1. A service starts after all it requires are up, and stops after all that require it are down.
 * 2. Starts go one at a time in the order given; stops go in reverse, those side by side that do not
 *    depend on each other.
 */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Lifecycle } from './lifecycle.js';
import { isLive, type ServiceState } from './service.js';

/** What a plan has to know of a service. */
export interface PlanItem {
  readonly id: string;
  /** Ids of services that must be up first; each comes earlier in the list. */
  readonly requires: readonly string[];
  readonly lifecycle: Pick<Lifecycle, 'autoStart'>;
}

export type StateOf = (id: string) => ServiceState;

/**
 * The services to start: those with `autoStart`, and all that these require, in the order of the list.
 * @throws PerdureError INVALID where a service requires one that does not come before it.
 */
export function startPlan<T extends PlanItem>(items: readonly T[]): readonly T[] {
  const before = new Set<string>();
  for (const item of items) {
    const missing = item.requires.find((id) => !before.has(id));
    if (missing !== undefined) {
      throw new PerdureError(
        ErrorKind.INVALID,
        `${item.id} requires ${missing}, which is not among the services before it`,
      );
    }
    before.add(item.id);
  }
  const wanted = new Set<string>();
  for (const item of items.toReversed()) {
    if (item.lifecycle.autoStart) wanted.add(item.id);
    if (wanted.has(item.id)) for (const id of item.requires) wanted.add(id);
  }
  return items.filter((item) => wanted.has(item.id));
}

/** Whether `item` was never started and all it requires are up. */
export function canStart(item: PlanItem, stateOf: StateOf): boolean {
  return stateOf(item.id).kind === 'idle' && item.requires.every((id) => isUp(stateOf(id)));
}

/** The services to stop now, last started first: live ones that no live service requires. */
export function readyToStop<T extends PlanItem>(
  plan: readonly T[],
  stateOf: StateOf,
): readonly T[] {
  const live = plan.filter((item) => isLive(stateOf(item.id)));
  const needed = new Set(live.flatMap((item) => item.requires));
  return live.filter((item) => !needed.has(item.id)).toReversed();
}

/** How long a stop may take, in ms: the service's own timeout, or less where the whole has less left. */
export function stopWithinMs(stopTimeoutMs: number, leftMs: number): number {
  return Math.max(0, Math.min(stopTimeoutMs, leftMs));
}

/** A service that is done counts as up: what it was there for has been done. */
function isUp(state: ServiceState): boolean {
  return state.kind === 'running' || state.kind === 'done';
}
