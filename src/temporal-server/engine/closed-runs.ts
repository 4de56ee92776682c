/**
 * The closed runs that are in memory, because they closed or were asked for a while ago. Past a number of
 * them the one that was used longest ago is let go: the store has it.
 */
import type { Run } from './run.js';

const IN_MEMORY = 1000;

export class ClosedRuns {
  readonly #runs = new Set<Run>();
  readonly #letGo: (run: Run) => boolean;

  /** @param letGo - false when something still refers to the run */
  constructor(letGo: (run: Run) => boolean) {
    this.#letGo = letGo;
  }

  use(run: Run): void {
    this.#runs.delete(run);
    this.#runs.add(run);
    for (const oldest of this.#runs) {
      if (this.#runs.size <= IN_MEMORY) return;
      this.#runs.delete(oldest);
      // Each is tried once in a round: one that cannot go takes the place of the youngest.
      if (!this.#letGo(oldest)) {
        this.#runs.add(oldest);
        return;
      }
    }
  }

  forget(run: Run): void {
    this.#runs.delete(run);
  }
}
