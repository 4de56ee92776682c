/**
 * A store that looks on: the timers that rules have set so far must be those that follow from a run's state,
 * for it is from the state that a server which is started again sets them.
 */
import type { Effect } from '../../../src/temporal-server/history/effects.js';
import { dueKey } from '../../../src/temporal-server/history/effects.js';
import { pendingEffects } from '../../../src/temporal-server/history/pending.js';
import type { RunState } from '../../../src/temporal-server/history/state.js';
import type { Change, Store } from '../../../src/temporal-server/store.js';

type Timers = Map<string, number>;

/** @param found - told in words where the two differ */
export function armedCheck(store: Store, found: (difference: string) => void): Store {
  const armed = new Map<string, Timers>();
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'commit') return value.bind(target);
      return (change: Change) => {
        for (const run of change.runs) {
          const { runId } = run.state.key;
          const timers = armed.get(runId) ?? armedBy(pendingEffects(run.state));
          if (run.events[0]?.id !== 1)
            compare(run.state, timers, change.atMs + run.state.info.aheadMs, found);
          apply(run.effects, timers);
          armed.set(runId, timers);
        }
        return target.commit(change);
      };
    },
  });
}

function armedBy(effects: readonly Effect[]): Timers {
  const timers: Timers = new Map();
  apply(effects, timers);
  return timers;
}

function apply(effects: readonly Effect[], timers: Timers): void {
  for (const effect of effects) {
    if (effect.kind === 'arm') timers.set(dueKey(effect.due), effect.atMs);
    else if (effect.kind === 'disarm') timers.delete(effect.key);
    else if (effect.kind === 'disarmAll') timers.clear();
  }
}

/** An update's task that is moved from the sticky queue to the normal one gets its time once more. */
const MOVED_MS = 10_000;

/** By the clock of the run. What has fallen due by now may have fired, or be about to. */
function compare(
  state: RunState,
  timers: Timers,
  nowMs: number,
  found: (difference: string) => void,
): void {
  const derived = armedBy(pendingEffects(state));
  const differ = [...new Set([...timers.keys(), ...derived.keys()])].filter((key) => {
    const set = timers.get(key) ?? 0;
    const follows = derived.get(key) ?? 0;
    if (key === 'workflowTask' && follows > 0 && set >= follows) return set - follows > MOVED_MS;
    return set !== follows && Math.max(set, follows) > nowMs;
  });
  for (const key of differ)
    found(
      `timer ${key} of ${state.key.workflowId}: set for ${timers.get(key)}, from its state follows ${derived.get(key)}`,
    );
}
