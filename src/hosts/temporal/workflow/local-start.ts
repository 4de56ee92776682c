/** Starts of processes on local hosts: an activity on whichever node takes it. */
import { ActivityFailure, TimeoutFailure } from '@temporalio/common';
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import type { Pid } from '../../../core/pid.js';
import type { SpawnRequest } from '../../../kernel/request.js';
import type { Activities } from './activities.js';
import { fromFailure } from './failures.js';
import { OwnActivity, type SpawnAnswer, type SpawnNote } from './wire.js';

/** @throws PerdureError what the host says; UNAVAILABLE where no node answers. */
export async function startLocal(
  activities: Activities,
  parent: Pid,
  request: SpawnRequest,
): Promise<SpawnAnswer> {
  const { host, entry, values, name, messages, context, options, monitor, link } = request;
  const note: SpawnNote = {
    host,
    entry,
    values,
    name,
    messages,
    context,
    options,
    parent,
    monitor,
    link,
  };
  try {
    // One attempt: a second one after a lost answer would start a second process.
    const work = activities.own(OwnActivity.SPAWN, note as unknown as Value, { attempts: 1 });
    const answer = await work;
    // Nodes answered with the PID alone before they took monitors and links.
    if (typeof answer === 'string') return { pid: answer, bound: false };
    return answer as unknown as SpawnAnswer;
  } catch (thrown) {
    if (!isTimeout(thrown)) throw fromFailure(thrown);
    throw new PerdureError(
      ErrorKind.UNAVAILABLE,
      `${host}: no node has answered the start of ${entry}; whether it was started is not known`,
      { cause: thrown },
    );
  }
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof ActivityFailure && thrown.cause instanceof TimeoutFailure;
}
