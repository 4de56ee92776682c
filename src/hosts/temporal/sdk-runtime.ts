/**
 * The SDK's process-wide runtime, made once: without signal handlers (the app owns signals), and with
 * a logger that hands warnings and errors to whoever subscribed, as each host does for its node.
 */
import { type Logger, type LogLevel, type LogMetadata, Runtime } from '@temporalio/worker';

export interface SdkLogLine {
  readonly level: 'warn' | 'error';
  readonly message: string;
  readonly fields: LogMetadata;
}

export type SdkLogListener = (line: SdkLogLine) => void;

/**
 * Makes sure that the SDK's runtime exists, and subscribes to its warnings and errors.
 * A runtime that somebody else installed first keeps its own logger and signal handling.
 * @returns a function that ends the subscription.
 */
export function useSdkRuntime(listener: SdkLogListener): () => void {
  const logger = installed();
  logger?.listeners.add(listener);
  return () => logger?.listeners.delete(listener);
}

function installed(): FanLogger | undefined {
  try {
    Runtime.install({
      logger: new FanLogger(),
      shutdownSignals: [],
      // Else its native part writes lines of its own form to the console.
      telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    });
  } catch {
    // It exists already: made by an earlier host, or by the program around the app.
  }
  const { logger } = Runtime.instance();
  return logger instanceof FanLogger ? logger : undefined;
}

class FanLogger implements Logger {
  readonly listeners = new Set<SdkLogListener>();

  log(level: LogLevel, message: string, meta?: LogMetadata): void {
    if (level === 'WARN') this.tell({ level: 'warn', message, fields: meta ?? {} });
    else if (level === 'ERROR') this.tell({ level: 'error', message, fields: meta ?? {} });
  }

  trace(): void {}
  debug(): void {}
  info(): void {}

  warn(message: string, meta?: LogMetadata): void {
    this.log('WARN', message, meta);
  }

  error(message: string, meta?: LogMetadata): void {
    this.log('ERROR', message, meta);
  }

  private tell(line: SdkLogLine): void {
    for (const listener of this.listeners) listener(line);
  }
}
