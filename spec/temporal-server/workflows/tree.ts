/** Workflows whose steps lie hours apart: what they return is after how many hours each came. */
import * as wf from '@temporalio/workflow';
import type * as activities from '../support/activities.js';

const HOUR_MS = 3_600_000;

const { failing } = wf.proxyActivities<typeof activities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '1h', maximumAttempts: 5 },
});

export async function sleeper(ms: number): Promise<string> {
  await wf.sleep(ms);
  return 'rested';
}

/** A timer of an hour, an activity that is tried again after an hour, a child of three; then the same workflow anew. */
export async function day(fromMs = Date.now(), seen: object = {}): Promise<object> {
  const hours = () => Math.round((Date.now() - fromMs) / HOUR_MS);
  const { workflowId } = wf.workflowInfo();
  await wf.sleep(HOUR_MS);
  if (Object.keys(seen).length > 0) {
    const continued = hours();
    await wf.executeChild(branch, { workflowId: `${workflowId}-branch` });
    return { ...seen, continued, grandchild: hours() };
  }
  const timer = hours();
  await failing(1);
  const activity = hours();
  await wf.executeChild(sleeper, { workflowId: `${workflowId}-child`, args: [3 * HOUR_MS] });
  return wf.continueAsNew<typeof day>(fromMs, { timer, activity, child: hours() });
}

export function branch(): Promise<string> {
  return wf.executeChild(sleeper, { args: [3 * HOUR_MS] });
}

/** Waits for a child that sleeps an hour. */
export async function waiting(): Promise<object> {
  const fromMs = Date.now();
  const workflowId = `${wf.workflowInfo().workflowId}-child`;
  const child = await wf.executeChild(sleeper, { workflowId, args: [HOUR_MS] });
  return { hours: Math.round((Date.now() - fromMs) / HOUR_MS), child };
}
