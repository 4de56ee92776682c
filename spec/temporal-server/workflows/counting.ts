/** What the crash specs do by hand: done with the second signal. */
import { condition, defineSignal, setHandler } from '@temporalio/workflow';

export async function counting(): Promise<void> {
  let signals = 0;
  setHandler(defineSignal('count'), () => {
    signals += 1;
  });
  await condition(() => signals >= 2);
}
