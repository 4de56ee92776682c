import { ExitCode } from './exit-codes.js';

/**
 * Resolves with the exit code of the first SIGINT or SIGTERM. A second SIGINT ends the program at
 * once, for a person who does not want to wait for an orderly stop.
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
  });
}
