/**
 * The states of a supervisor's children, in start order. A table never changes: `with` gives a new one
 * that shares all but one row of it, so that ten thousand children can end one after the other without
 * each end costing a copy of them all.
 */
import type { PerdureError } from '../../core/errors.js';
import type { Pid } from '../../core/pid.js';

/** The life of one child. Every start has a number, its `run`; what arrives about an earlier one is late. */
export type ChildState =
  /** Not started, or ended and not to be started again by itself. */
  | { readonly kind: 'down'; readonly run: number }
  /** `pid` is `null` until it was spawned; a supervisor is up only when its own children are. */
  | { readonly kind: 'starting'; readonly run: number; readonly pid: Pid | null }
  | { readonly kind: 'up'; readonly run: number; readonly pid: Pid }
  /** It ended while the supervisor was busy with others, and is looked at when that is over. */
  | { readonly kind: 'exited'; readonly run: number; readonly error: PerdureError | null }
  /** It will be started again once its siblings are down. */
  | { readonly kind: 'restarting'; readonly run: number }
  /** Told to end; `pid` is `null` while its start is still under way. */
  | { readonly kind: 'stopping'; readonly run: number; readonly pid: Pid | null }
  /** A temporary child that has ended, or one that was deleted: it is no child any more. */
  | { readonly kind: 'removed'; readonly run: number };

const ROW = 128;

export class ChildTable {
  private constructor(
    private readonly rows: readonly (readonly ChildState[])[],
    readonly length: number,
  ) {}

  /** `length` children, none of them started. */
  static of(length: number): ChildTable {
    const rows = Array.from({ length: Math.ceil(length / ROW) }, (_, row) =>
      new Array<ChildState>(Math.min(ROW, length - row * ROW)).fill(NEVER_STARTED),
    );
    return new ChildTable(rows, length);
  }

  at(child: number): ChildState {
    const state = this.rows[Math.floor(child / ROW)]?.[child % ROW];
    if (state === undefined) throw new RangeError(`there is no child ${child} of ${this.length}`);
    return state;
  }

  with(child: number, state: ChildState): ChildTable {
    const row = Math.floor(child / ROW);
    const rows = this.rows.with(row, (this.rows[row] ?? []).with(child % ROW, state));
    return new ChildTable(rows, this.length);
  }

  /** One more, which was never started. */
  grown(): ChildTable {
    const row = Math.floor(this.length / ROW);
    const rows = [...this.rows];
    rows[row] = [...(rows[row] ?? []), NEVER_STARTED];
    return new ChildTable(rows, this.length + 1);
  }

  /** All of them, in start order. */
  all(): ChildState[] {
    return this.rows.flat();
  }
}

const NEVER_STARTED: ChildState = Object.freeze({ kind: 'down', run: 0 });
