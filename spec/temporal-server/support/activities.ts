/** Activities that the server's specs run on a real worker. */
import { ApplicationFailure, Context } from '@temporalio/activity';

export async function echo(text: string): Promise<string> {
  return text;
}

/** Fails until its attempt is `times + 1`. */
export async function failing(times: number): Promise<number> {
  const { attempt } = Context.current().info;
  if (attempt <= times) throw ApplicationFailure.retryable(`attempt ${attempt}`, 'Flaky');
  return attempt;
}
