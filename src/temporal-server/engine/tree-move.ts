/** A move of a tree's clock that is under way, as it is kept: what a server that starts anew needs to go on with it. */
import type { RunKey } from '../history/state.js';

export interface TreeMove {
  readonly id: string;
  readonly root: RunKey;
  readonly byMs: number;
  /** How far the tree has come: each of its runs is to have moved as much, though it is not written with all of them. */
  readonly doneMs: number;
  /** How far the root was ahead before the move; so were all that came from it, but for those in `aheadMs`. */
  readonly fromMs: number;
  /** By the first run ids of chains that were further ahead than what they came from. */
  readonly aheadMs: { readonly [firstRunId: string]: number };
}

/** The port of what keeps moves. */
export interface MoveStore {
  putMove(move: TreeMove): void | Promise<void>;
  dropMove(id: string): void | Promise<void>;
  /** Found when the store was opened. */
  moves(): Iterable<TreeMove>;
}
