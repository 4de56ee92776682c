/** Activities that the server's specs run on a real worker. */
import { ApplicationFailure, CompleteAsyncError, Context } from '@temporalio/activity';

export async function echo(text: string): Promise<string> {
  return text;
}

/** Fails until its attempt is `times + 1`. */
export async function failing(times: number): Promise<number> {
  const { attempt } = Context.current().info;
  if (attempt <= times) throw ApplicationFailure.retryable(`attempt ${attempt}`, 'Flaky');
  return attempt;
}

/** Heartbeats until it is cancelled. */
export async function patient(): Promise<void> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat('still here'), 50);
  try {
    await context.cancelled;
  } finally {
    clearInterval(beat);
  }
}

/** Leaves its completion to somebody else, who never comes. */
export async function silent(): Promise<void> {
  throw new CompleteAsyncError();
}
