/** What a process leaves to the one that goes on for it, where that is another kernel (continue-as-new). */
import type { ProcessFlags } from './flags.js';
import type { Unread } from './mailbox.js';

export interface Estate extends Unread {
  readonly flags: ProcessFlags;
  /** Deadlines of cancellations, in ms since the epoch. */
  readonly deadlines: readonly number[];
}
