/**
 * What a supervisor says to requests for its children that it cannot do, in OTP's words
 * (https://www.erlang.org/doc/apps/stdlib/supervisor.html): they stand in `details.reason`.
 */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Pid } from '../../core/pid.js';
import type { ChildState } from './child-table.js';

const refusal = (kind: ErrorKind, reason: string, message: string, pid: Pid | null = null) =>
  new PerdureError(kind, message, { details: pid === null ? { reason } : { reason, pid } });

export function notFound(child: string): PerdureError {
  return refusal(ErrorKind.NOT_FOUND, 'not_found', `child not found: ${child}`);
}

/** `start_child` with the id of a child that is there. */
export function present(id: string, state: ChildState): PerdureError {
  const pid = 'pid' in state ? state.pid : null;
  return pid === null
    ? refusal(
        ErrorKind.ALREADY_EXISTS,
        'already_present',
        `child ${id} is there, without a process: restart_child starts it, delete_child removes it`,
      )
    : refusal(ErrorKind.ALREADY_EXISTS, 'already_started', `child ${id} runs as ${pid}`, pid);
}

/** `restart_child` and `delete_child` of a child that has a process, or is about to have one. */
export function notDown(id: string, state: ChildState): PerdureError {
  return state.kind === 'up'
    ? refusal(ErrorKind.CONFLICT, 'running', `child ${id} runs; terminate_child comes first`)
    : refusal(ErrorKind.CONFLICT, 'restarting', `child ${id} is being started again`);
}

/** What makes no sense for children that have no id of their own. */
export function simpleRefusal(op: string): PerdureError {
  return refusal(
    ErrorKind.INVALID,
    'simple_one_for_one',
    `${op} is not for the children of a simple_one_for_one supervisor: they go with their process; ` +
      'terminate_child takes the PID of one',
  );
}

/** The supervisor ends before it can do what it was asked. */
export function ending(): PerdureError {
  return refusal(ErrorKind.UNAVAILABLE, 'shutdown', 'the supervisor is ending');
}
