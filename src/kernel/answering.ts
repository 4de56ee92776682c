/**
 * Which request is answered by whom: what concerns only the process itself is done here, all else is asked
 * of the host.
 */
import { offer, receive, select, type Waits } from './channel-operations.js';
import { type Answer, DONE, type Task } from './program.js';
import type { HostRequest, KernelRequest, Request } from './request.js';
import type { Strand } from './strand.js';

/** The kernel, as far as requests need it. */
export interface Answering extends Waits {
  fork(task: Task): void;
  /** @returns the host's answer, or `null`: the strand is resumed with it later. */
  ask(request: HostRequest, strand: Strand): Answer | null;
}

/** @returns the answer, or `null`: the strand waits, and is resumed with it. */
export function answerRequest(kernel: Answering, request: Request, strand: Strand): Answer | null {
  switch (request.op) {
    case 'receive':
    case 'offer':
    case 'select':
    case 'sleep':
    case 'fork':
      return answerHere(kernel, request, strand);
    default:
      return kernel.ask(request, strand);
  }
}

function answerHere(kernel: Answering, request: KernelRequest, strand: Strand): Answer | null {
  switch (request.op) {
    case 'receive':
      return receive(kernel, request.channel, request.timeoutMs, strand);
    case 'offer':
      return offer(kernel, request.channel, request.item, strand);
    case 'select':
      return select(kernel, request.cases, request.orElse, strand);
    case 'sleep':
      kernel.startTimer(request.delayMs, strand);
      return null;
    case 'fork':
      kernel.fork(request.task);
      return DONE;
  }
}
