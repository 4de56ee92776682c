/** What a workflow tells the node around it: log lines and printed text, never during a replay. */
import { proxySinks, type Sinks } from '@temporalio/workflow';
import type { ErrorKind } from '../../../core/errors.js';
import type { LogLevel } from '../../../kernel/syscalls.js';

/** The sink that the worker provides. */
export interface PerdureSinks extends Sinks {
  perdure: {
    log(level: LogLevel, message: string, fields: string | null, pid: string, entry: string): void;
    print(text: string): void;
    /** A message that a node which is gone did not take. */
    undelivered(from: string, to: string, topic: string, kind: ErrorKind, message: string): void;
  };
}

/** Fields travel as JSON: what is given to a sink must survive a copy between threads. */
export function sinks(): PerdureSinks['perdure'] {
  return proxySinks<PerdureSinks>().perdure;
}
