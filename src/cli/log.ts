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
      log[level]({ ...fields, ...(pid && { pid }), ...(entry && { entry }) }, event.message);
      break;
    }
    case 'undeliverable':
      log.warn(
        { pid: event.from, to: event.to, topic: event.topic, kind: event.error.kind },
        `message not delivered: ${event.error.text}`,
      );
      break;
    case 'service':
      log.debug({ service: event.id }, `${event.id} ${event.state}${event.detail ?? ''}`);
      break;
    case 'spawned':
      log.debug({ pid: event.pid, entry: event.entry }, 'process started');
      break;
    case 'exited':
      log.debug({ pid: event.pid, kind: event.result.error?.kind }, 'process ended');
      break;
  }
}

function isLevel(text: string): text is 'debug' | 'info' | 'warn' | 'error' {
  return text === 'debug' || text === 'info' || text === 'warn' || text === 'error';
}
