/** How long ids and names may be, and how the names of task queues may begin; as Temporal's defaults. */

/** In bytes. */
const MAX_ID_BYTES = 1000;
/** Of a server's own queues. */
const RESERVED_PREFIX = '/_sys/';

export function isTooLong(id: string): boolean {
  return id.length * 3 > MAX_ID_BYTES && Buffer.byteLength(id) > MAX_ID_BYTES;
}

/** By how much an id is too long, as the errors of commands say it; undefined for one that is not. */
export function overLimit(id: string): string | undefined {
  return isTooLong(id) ? `Length=${Buffer.byteLength(id)} Limit=${MAX_ID_BYTES}` : undefined;
}

/** What is wrong with the name of a task queue, in Temporal's words. */
export function queueNameProblem(name: string): string | undefined {
  if (isTooLong(name)) return 'taskQueue length exceeds limit';
  return name.startsWith(RESERVED_PREFIX)
    ? `task queue name cannot start with reserved prefix ${RESERVED_PREFIX}`
    : undefined;
}
