import { ExitCode } from './exit-codes.js';

/**
 * Resolves with an exit code at the first reason to stop: SIGINT, SIGTERM, or a reader of stdout that
 * went away. A second SIGINT ends the program at once, for a person who does not want to wait.
 */
export function untilSignal(): Promise<number> {
  return new Promise((resolve) => {
    let asked = false;
    const on = (code: number) => () => {
      if (asked) process.exit(code);
      asked = true;
      resolve(code);
    };
    process.on('SIGINT', on(ExitCode.SIGINT));
    process.on('SIGTERM', on(ExitCode.SIGTERM));
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      asked = true;
      resolve(ExitCode.SIGPIPE);
    });
  });
}

/**
 * For commands that have nothing to stop in order: when the reader of stdout goes away (`perdure lint DIR | head`),
 * the program ends at once.
 */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(ExitCode.SIGPIPE);
  });
}
