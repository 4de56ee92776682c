/**
 * What a signal that is not a message does to a process: an event in its mailbox, or its end
 * (docs/semantics.md, rules 4 to 7).
 */
import type { Pid } from '../core/pid.js';
import type { ExitResult, MessageSignal, Signal } from '../core/signal.js';
import { terminated } from './endings.js';
import type { ProcessFlags } from './flags.js';
import type { Mailbox } from './mailbox.js';

/** The kernel, as far as signals touch it. */
export interface Signalled {
  readonly mailbox: Mailbox;
  readonly flags: ProcessFlags;
  now(): number;
  end(result: ExitResult): void;
  /** Terminates the process at `deadline`, `delayMs` from now. */
  endAt(deadline: number, delayMs: number): void;
}

export function takeSignal(kernel: Signalled, signal: Exclude<Signal, MessageSignal>): void {
  switch (signal.kind) {
    case 'exit':
      putExit(kernel, 'EXIT', signal.from, signal.result);
      break;
    case 'link_down':
      linkDown(kernel, signal.from, signal.result);
      break;
    case 'cancel':
      if (signal.stopping === true && !kernel.mailbox.readsEvents) {
        kernel.end({ value: null, error: terminated(signal.reason) });
      } else cancel(kernel, signal.from, signal.reason, signal.deadlineMs);
      break;
    case 'terminate':
      kernel.end({ value: null, error: terminated(signal.reason) });
      break;
    case 'outdated':
      kernel.mailbox.putEvent({ kind: 'OUTDATED', from: signal.from, at: kernel.now() });
      break;
    default: // links and monitors are the node's business, not the process's
      break;
  }
}

function putExit(
  kernel: Signalled,
  kind: 'EXIT' | 'LINK_DOWN',
  from: Pid,
  result: ExitResult,
): void {
  kernel.mailbox.putEvent({ kind, from, result, at: kernel.now() });
}

function linkDown(kernel: Signalled, from: Pid, result: ExitResult): void {
  if (kernel.flags.trapLinks) putExit(kernel, 'LINK_DOWN', from, result);
  else kernel.end({ value: null, error: result.error ?? terminated(null) });
}

function cancel(
  kernel: Signalled,
  from: Pid | null,
  reason: string | null,
  deadlineMs: number | null,
): void {
  const at = kernel.now();
  const deadline = deadlineMs === null ? null : at + deadlineMs;
  kernel.mailbox.putEvent({ kind: 'CANCEL', from, reason, deadline, at });
  if (deadlineMs !== null && deadline !== null) kernel.endAt(deadline, deadlineMs);
}
