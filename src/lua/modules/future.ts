/** The outcome of a call that runs meanwhile (`funcs.async`). */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import { Channel } from '../../kernel/channel.js';
import type { Kernel } from '../../kernel/kernel.js';
import type { Answer } from '../../kernel/program.js';
import type { HostRequest } from '../../kernel/request.js';
import type { ObjectType } from '../module.js';
import { Payload } from './payload.js';

type State =
  | { readonly kind: 'pending' }
  | { readonly kind: 'done'; readonly payload: Payload }
  | { readonly kind: 'failed'; readonly error: PerdureError }
  | { readonly kind: 'canceled'; readonly error: PerdureError };

export class Future {
  /** Yields the outcome once: a Payload, or the error. It is never closed, so that a select over several futures does not see one twice. */
  readonly channel = new Channel(1, { receiveOnly: true });
  private state: State = { kind: 'pending' };
  private readonly call: number;

  constructor(
    private readonly kernel: Kernel,
    request: HostRequest,
  ) {
    this.call = kernel.begin(request, (answer) => this.settle(stateOf(answer)));
  }

  get isComplete(): boolean {
    return this.state.kind !== 'pending';
  }

  get isCanceled(): boolean {
    return this.state.kind === 'canceled';
  }

  get payload(): Payload | null {
    return this.state.kind === 'done' ? this.state.payload : null;
  }

  get error(): PerdureError | null {
    return this.state.kind === 'failed' || this.state.kind === 'canceled' ? this.state.error : null;
  }

  /** Gives the call up; the host aborts the work if it can. False where it is settled already. */
  cancel(): boolean {
    if (this.state.kind !== 'pending') return false;
    this.kernel.abandon(this.call);
    const error = new PerdureError(ErrorKind.CANCELED, 'the call was canceled');
    this.settle({ kind: 'canceled', error });
    return true;
  }

  private settle(state: Exclude<State, { kind: 'pending' }>): void {
    this.state = state;
    this.channel.offer(state.kind === 'done' ? state.payload : state.error);
  }
}

function stateOf({ value, error }: Answer): Exclude<State, { kind: 'pending' }> {
  if (error !== null) return { kind: 'failed', error };
  return { kind: 'done', payload: new Payload([(value ?? null) as Value]) };
}

export const futureType: ObjectType<Future> = {
  of: Future,
  name: 'Future',
  methods: {
    response: (_call, self) => [self.channel],
    channel: (_call, self) => [self.channel],
    /** `nil, nil` while pending. */
    result: (_call, self) => [self.payload, self.error],
    error: (_call, self) => [self.error, self.error !== null],
    is_complete: (_call, self) => [self.isComplete],
    is_canceled: (_call, self) => [self.isCanceled],
    cancel: (_call, self) => [self.cancel()],
  },
};
