/**
 * The gate before local activities. What they return goes to the server with the other commands of the task
 * in which they ran, in one message of at most 4 MiB; a larger one fails the task, and it is tried again for
 * ever. How much it will be nobody knows before, so they run one after the other, and after much has come
 * the next one waits for another task.
 *
 * Invariant: everything here follows from the order in which they end, which is in the history.
 */
import { CancellationScope, sleep } from '@temporalio/workflow';
import type { Value } from '../../../core/payload.js';
import { encodePayload, payloadBytes } from './payload-converter.js';
import { cancellable } from './shield.js';

/** Bytes of results in one task after which the next local activity waits; one more may have 2 MiB. */
const ENOUGH_BYTES = 1024 * 1024;

export class LocalGate {
  /** Of results since the last task that is known to be over. */
  private bytes = 0;
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /** Runs `issue` when those before it have ended. */
  pass(issue: () => Promise<unknown>): Promise<unknown> {
    const scope = CancellationScope.current();
    const run = async (): Promise<unknown> => {
      const result = await scope.run(issue);
      this.bytes += payloadBytes(encodePayload((result ?? null) as Value));
      return result;
    };
    const free = this.waiting === 0 && this.bytes < ENOUGH_BYTES;
    const turn = free ? run() : this.last.then(() => this.anotherTask()).then(run);
    this.waiting++;
    const leave = (): void => {
      this.waiting--;
    };
    this.last = turn.then(leave, leave);
    return turn;
  }

  /** A timer that fires shows that the task before it is over. */
  private async anotherTask(): Promise<void> {
    if (this.bytes < ENOUGH_BYTES) return;
    await cancellable(() => sleep(1)).result;
    this.bytes = 0;
  }
}
