/**
 * Cancellation scopes. A cancel request is an event that the program reads, not something that aborts its
 * calls, so every command is issued in a scope that the request does not reach.
 */
import { CancellationScope } from '@temporalio/workflow';

/** Runs `issue` out of reach of cancel requests. */
export function shielded<T>(issue: () => Promise<T>): Promise<T> {
  return CancellationScope.nonCancellable(issue);
}

export interface Cancellable<T> {
  readonly result: Promise<T>;
  cancel(): void;
}

/** Runs `issue` out of reach of cancel requests, but so that its owner can cancel it. */
export function cancellable<T>(issue: () => Promise<T>): Cancellable<T> {
  const shield = new CancellationScope({ cancellable: false });
  const scope = new CancellationScope({ cancellable: true, parent: shield });
  return { result: scope.run(issue), cancel: () => scope.cancel() };
}
