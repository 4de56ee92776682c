/**
 * Which PIDs a process can have. The server refuses ids and names of task queues beyond its limit, and a
 * command with one fails its workflow task again and again: so none is ever made for such a PID.
 */
import { encode } from '@temporalio/common/lib/encoding.js';
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Pid, PidParts } from '../../../core/pid.js';

/** Ids and names of task queues are no longer than this, in bytes, on every Temporal server. */
export const MAX_ID_BYTES = 1000;

/** Of the name of a node: what is left of a task queue's name beside the app's prefix. */
const MAX_NODE_BYTES = 500;

export function fitsId(text: string): boolean {
  return fits(text, MAX_ID_BYTES);
}

/** False for a PID that is too long for any process to have it. */
export function isAddress({ node, id }: PidParts): boolean {
  return node === undefined ? fitsId(id) : fits(node, MAX_NODE_BYTES);
}

/** What is said of a PID that is no address. */
export function noAddress(pid: Pid): PerdureError {
  const message = `process not found: ${pid.slice(0, SHOWN)}…: no process has an id or a node with so long a name`;
  return new PerdureError(ErrorKind.NOT_FOUND, message);
}

/** So much of the PID identifies it to a reader. */
const SHOWN = 100;

function fits(text: string, bytes: number): boolean {
  return 3 * text.length <= bytes || encode(text).length <= bytes;
}
