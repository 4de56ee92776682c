/** Exit codes of the command, each with one meaning (see `docs/cli.md`). */
export const ExitCode = {
  OK: 0,
  /** The app could not do what was asked: bad configuration, no server, findings. */
  ERROR: 1,
  /** The entry that `-x` ran failed. */
  ENTRY_FAILED: 2,
  /** `--timeout` passed. */
  TIMEOUT: 3,
  /** A replay diverged from its history. */
  DIVERGED: 5,
  /** Wrong usage of the command. */
  USAGE: 64,
  SIGINT: 130,
  /** Nobody reads stdout any more. */
  SIGPIPE: 141,
  SIGTERM: 143,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
