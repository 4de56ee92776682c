/** Workflows that the server's specs run on a real worker. */
import * as wf from '@temporalio/workflow';
import type * as activities from '../support/activities.js';

const { echo } = wf.proxyActivities<typeof activities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '10ms', maximumAttempts: 5 },
});

/** A timer and, when told to, an activity. */
export async function hello(name: string, timerMs = 10, withActivity = false): Promise<string> {
  await wf.sleep(timerMs);
  return withActivity ? echo(`hello ${name}`) : `hello ${name}`;
}
