/** Logs: pino on stderr, readable on a terminal, one JSON object a line otherwise. */
import { type Logger, type LoggerOptions, pino } from 'pino';
import type { NodeEvent } from '../runtime/events.js';

export interface LogOptions {
  readonly level: string;
  /** A layout for people instead of JSON. */
  readonly pretty: boolean;
  readonly color: boolean;
  /** Where a finished line goes; without a line end in it. */
  readonly write: (text: string) => void;
}

export async function createLogger(options: LogOptions): Promise<Logger> {
  const base: LoggerOptions = { level: options.level, base: null };
  const sink = { write: options.write };
  if (!options.pretty) return pino(base, sink);
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({
    colorize: options.color,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,entry,hostname',
    messageFormat: '{msg}',
  });
  return pino(base, { write: (line) => options.write(format(line)) });
}

/** Writes what a node reports as log lines. */
export function logEvent(log: Logger, event: NodeEvent): void {
  switch (event.kind) {
    case 'log': {
      const { pid, entry, fields } = event;
      const level = isLevel(event.level) ? event.level : 'info';
      // A key of their own: a script's `level` or `time` must not pass for the log's.
      const data = { ...(pid && { pid }), ...(entry && { entry }), ...(fields && { fields }) };
      log[level](data, event.message);
      break;
    }
    case 'undeliverable':
      // The sender was told; here it is for those who look closer.
      log.debug(
        { pid: event.from, to: event.to, topic: event.topic, kind: event.error.kind },
        `message not delivered: ${event.error.text}`,
      );
      break;
    case 'service':
      logService(log, event);
      break;
    case 'restarted': {
      const { supervisor: pid, entry, child, error, budget } = event;
      const ended = error === null ? 'ended' : `failed: ${error.text}`;
      log.warn({ pid, entry }, `${entry}: child ${child} ${ended}; restart ${budget}`);
      break;
    }
    case 'slow_turn': {
      const { pid, entry, where, ms } = event;
      const place = where === null ? '' : ` (${where})`;
      log.warn({ pid, entry }, `${entry} has not waited for ${Math.round(ms)} ms${place}`);
      break;
    }
    case 'mailbox_filling': {
      const { pid, entry, depth, limit } = event;
      log.warn({ pid, entry }, `the mailbox of ${entry} holds ${depth} messages of ${limit}`);
      break;
    }
    case 'spawned':
      log.debug({ pid: event.pid, entry: event.entry }, 'process started');
      break;
    case 'exited':
      log.debug({ pid: event.pid, kind: event.result.error?.kind }, 'process ended');
      break;
  }
}

function logService(log: Logger, event: NodeEvent & { kind: 'service' }): void {
  const { id, state, detail } = event;
  const why = detail === null ? '' : `: ${detail}`;
  const data = { service: id, state };
  if (state === 'failed') log.error(data, `${id} has failed for good${why}`);
  else if (state === 'backing_off') log.warn(data, `${id} failed and will be started again${why}`);
  else log.debug(data, `${id} is ${state}${why}`);
}

function isLevel(text: string): text is 'debug' | 'info' | 'warn' | 'error' {
  return text === 'debug' || text === 'info' || text === 'warn' || text === 'error';
}
