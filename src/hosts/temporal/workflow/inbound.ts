/** Signals of the history as what they are to a process. One that perdure did not write is left out. */
import type { Value } from '../../../core/payload.js';
import type { Signal } from '../../../core/signal.js';
import { cancelNote, endNote, linkNote, startupMessages } from './shapes.js';
import { type Notice, OwnSignal, type SignalHeader } from './wire.js';

/** What comes to a process: for its kernel, or about its monitors and links. */
export type Inbound = Signal | Notice;

export interface Received {
  readonly signals: readonly Inbound[];
  /** Parts that are not what perdure writes, and were left out. */
  readonly malformed: number;
}

const MALFORMED: Received = { signals: [], malformed: 1 };

/** What a Temporal signal is to the process: messages, a cancel, or a notice of another process. */
export function toInbound(name: string, args: readonly Value[], header: SignalHeader): Received {
  const { from, context } = header;
  switch (name) {
    case OwnSignal.BATCH: {
      const { batch, malformed } = startupMessages(args[0]);
      const signals = batch.map(
        ({ topic, values }) => ({ kind: 'message', from, topic, values, context }) as const,
      );
      return { signals, malformed };
    }
    case OwnSignal.CANCEL: {
      const note = cancelNote(args[0]);
      if (note === undefined) return MALFORMED;
      const { reason, deadline, from: canceller } = note;
      const signal = { kind: 'cancel', from: canceller, reason, deadlineMs: deadline } as const;
      return { signals: [signal], malformed: 0 };
    }
    case OwnSignal.EXIT:
    case OwnSignal.LINK_DOWN: {
      const kind = name === OwnSignal.EXIT ? 'exit' : 'link_down';
      const note = endNote(args[0]);
      return note === undefined ? MALFORMED : { signals: [{ kind, note }], malformed: 0 };
    }
    case OwnSignal.LINK:
    case OwnSignal.UNLINK: {
      const kind = name === OwnSignal.LINK ? 'link' : 'unlink';
      const note = linkNote(args[0]);
      return note === undefined ? MALFORMED : { signals: [{ kind, note }], malformed: 0 };
    }
    default:
      return {
        signals: [{ kind: 'message', from, topic: name, values: args, context }],
        malformed: 0,
      };
  }
}
