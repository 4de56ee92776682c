/** A store that lasts as long as the process. */
import type { StoredEvent } from './history/effects.js';
import type { RunKey } from './history/state.js';
import type { Change, RunChange, Store } from './store.js';
import { type RunList, VisibilityIndex } from './visibility/list.js';

export class MemoryStore implements Store {
  readonly #histories = new Map<string, StoredEvent[]>();
  readonly #visible = new Map<string, VisibilityIndex>();

  commit(change: Change): void {
    for (const run of change.runs) this.#commitRun(change.namespace, run);
  }

  #commitRun(namespace: string, run: RunChange): void {
    const { runId } = run.state.key;
    const history = this.#histories.get(runId);
    if (!history) this.#histories.set(runId, [...run.events]);
    else for (const event of run.events) history.push(event);
    if (run.visibility) this.#list(namespace).put(run.visibility);
  }

  #list(namespace: string): VisibilityIndex {
    let list = this.#visible.get(namespace);
    if (!list) {
      list = new VisibilityIndex();
      this.#visible.set(namespace, list);
    }
    return list;
  }

  drop(key: RunKey): void {
    this.#histories.delete(key.runId);
    this.#visible.get(key.namespace)?.remove(key.runId);
  }

  events(key: RunKey, from: number, to: number): readonly StoredEvent[] {
    return (this.#histories.get(key.runId) ?? []).slice(Math.max(from, 1) - 1, to);
  }

  visible(namespace: string): RunList {
    return this.#list(namespace);
  }
}
