/** What the local host needs of the rest of perdure: programs, functions and the way out. */
import type { Value } from '../../core/payload.js';
import type { Pid } from '../../core/pid.js';
import type { Kernel } from '../../kernel/kernel.js';
import type { Answer, Program } from '../../kernel/program.js';
import type { CallRequest, HttpRequest } from '../../kernel/request.js';
import type { LogLevel } from '../../kernel/syscalls.js';

export interface Programs {
  /**
   * Opens the program of an entry for a process.
   * @throws PerdureError NOT_FOUND for an unknown entry, INVALID for one that cannot run here.
   */
  open(entry: string, kernel: Kernel): Program;
}

/** Functions run as short processes; see `hosts/local/functions.ts`. */
export interface FunctionCaller {
  /** Runs the function; `done` gets its answer once. @returns a function that aborts it. */
  call(request: CallRequest, parent: Pid | null, done: (answer: Answer) => void): () => void;
}

/** What local code may reach outside of the runtime. */
export interface Outside {
  env(name: string): string | undefined;
  /** @throws PerdureError: TIMEOUT, UNAVAILABLE, CANCELED (aborted), INVALID. */
  http(request: HttpRequest, signal: AbortSignal): Promise<Value>;
  print(text: string): void;
  log(
    level: LogLevel,
    message: string,
    pid: Pid,
    entry: string,
    fields: { readonly [name: string]: Value } | null,
  ): void;
  random(): number;
}
