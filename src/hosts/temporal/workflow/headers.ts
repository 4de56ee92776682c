/**
 * Headers of perdure. The SDK gives headers to interceptors only, so what a command is to carry is noted
 * by its arguments (activities, children) or just before the call (signals, whose arguments it copies).
 */
import type { Headers } from '@temporalio/common';
import type { Value } from '../../../core/payload.js';
import { decodePayload, encodeArg } from './payload-converter.js';
import { type ActivityHeader, HEADER, type SignalHeader, type StartHeader } from './wire.js';

/**
 * `header` as the headers of a command; what is missing in it is not written.
 * @throws PerdureError INVALID where it is larger than a payload may be.
 */
export function writeHeader(header: StartHeader | SignalHeader | ActivityHeader): Headers {
  return { [HEADER]: encodeArg(header as unknown as Value, 'context and messages').payload };
}

/** The header of perdure as it came, for a reader of `shapes.ts`; null where there is none. */
export function readHeader(headers: Headers | undefined): Value {
  return decodePayload(headers?.[HEADER]);
}

/** Headers on their way from a syscall to the interceptor that sets them. */
export class OutgoingHeaders {
  private readonly byArgs = new WeakMap<readonly unknown[], Headers>();
  private nextSignal: Headers | null = null;
  private continuation: Headers = {};

  attach(args: readonly unknown[], header: StartHeader | ActivityHeader): void {
    this.byArgs.set(args, writeHeader(header));
  }

  of(args: readonly unknown[]): Headers {
    return this.byArgs.get(args) ?? {};
  }

  /** For the signal that is sent before anything else runs. */
  forSignal(header: SignalHeader): void {
    this.nextSignal = writeHeader(header);
  }

  takeForSignal(): Headers {
    const headers = this.nextSignal;
    this.nextSignal = null;
    return headers ?? {};
  }

  /** For the command that closes this run. */
  forContinuation(headers: Headers): void {
    this.continuation = headers;
  }

  ofContinuation(): Headers {
    return this.continuation;
  }
}
