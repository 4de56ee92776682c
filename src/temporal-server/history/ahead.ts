/** A run's own clock, moved ahead: what waits for time comes nearer by as much. */
import type { Draft } from './draft.js';
import { pendingEffects } from './pending.js';

export function moveAhead(d: Draft, byMs: number): void {
  d.info.aheadMs += byMs;
  d.movedMs += byMs;
  for (const effect of pendingEffects(d.state))
    if (effect.kind === 'arm' && effect.skippable) d.effects.push(effect);
}

/** When the next of what may be skipped to is due, by the run's clock. */
export function nextDueMs(d: Pick<Draft, 'state'>): number {
  const due = pendingEffects(d.state).map((effect) =>
    effect.kind === 'arm' && effect.skippable ? effect.atMs : Number.POSITIVE_INFINITY,
  );
  return Math.min(...due, Number.POSITIVE_INFINITY);
}
