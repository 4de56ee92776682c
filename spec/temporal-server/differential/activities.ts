/** Activities of the programs that run on a real worker. */
import { ApplicationFailure, Context, heartbeat } from '@temporalio/activity';

export { echo, patient, silent } from '../support/activities.js';

/** Fails until its attempt is `times + 1`. */
export async function failing(times: number): Promise<number> {
  const { attempt } = Context.current().info;
  if (attempt <= times)
    throw ApplicationFailure.create({ message: `attempt ${attempt}`, type: 'Flaky', details: [1] });
  return attempt;
}

/** Fails for good. */
export async function fatal(): Promise<void> {
  throw ApplicationFailure.nonRetryable('no use', 'Fatal', 'a detail');
}

/** Its first attempt fails with a heartbeat behind it; the next one tells what that said. */
export async function resuming(): Promise<unknown> {
  const { attempt, heartbeatDetails } = Context.current().info;
  if (attempt > 1) return heartbeatDetails;
  heartbeat({ done: 7 });
  throw ApplicationFailure.retryable('again', 'Again');
}
