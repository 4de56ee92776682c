/** Workflows of the programs that run on a real worker. */
import * as wf from '@temporalio/workflow';
import type * as activities from '../activities.js';

const RETRY = { initialInterval: '10ms', maximumAttempts: 3 } as const;

const { echo, failing, fatal, resuming } = wf.proxyActivities<typeof activities>({
  startToCloseTimeout: '30s',
  retry: RETRY,
});

export const addSignal = wf.defineSignal<[string]>('add');
export const finishSignal = wf.defineSignal('finish');
export const itemsQuery = wf.defineQuery<string[]>('items');

/** A timer and an activity. */
export async function hello(name: string): Promise<string> {
  await wf.sleep(10);
  return echo(`hello ${name}`);
}

/** Collects signals until it is told to finish. */
export async function collector(): Promise<string[]> {
  const items: string[] = [];
  let finished = false;
  wf.setHandler(addSignal, (item) => void items.push(item));
  wf.setHandler(finishSignal, () => {
    finished = true;
  });
  wf.setHandler(itemsQuery, () => items);
  wf.setHandler(
    wf.defineUpdate<number, [string]>('put'),
    async (item) => {
      items.push(item);
      return items.length;
    },
    {
      validator: (item) => {
        if (item === '') throw wf.ApplicationFailure.create({ message: 'empty', type: 'Empty' });
      },
    },
  );
  await wf.condition(() => finished);
  return items;
}

export function retried(): Promise<number> {
  return failing(2);
}

export async function exhausted(): Promise<number> {
  return failing(9);
}

export async function hopeless(): Promise<void> {
  await fatal();
}

export function resumes(): Promise<unknown> {
  return resuming();
}

/** Waits for its cancellation, cleans up, and ends as cancelled. */
export async function cancellable(): Promise<void> {
  try {
    await wf.sleep('1h');
  } catch (error) {
    await wf.CancellationScope.nonCancellable(() => echo('cleaned up'));
    throw error;
  }
}

/** Cancels a long activity when it is told to, and says how that ended. */
export async function cancelsActivity(): Promise<string> {
  const { patient } = wf.proxyActivities<typeof activities>({
    startToCloseTimeout: '60s',
    heartbeatTimeout: '10s',
    cancellationType: wf.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
  try {
    await patient();
    return 'completed';
  } catch (error) {
    return wf.isCancellation(error) ? 'cancelled' : 'failed';
  }
}

/** An activity that its worker forgets about: each of its timeouts in turn. */
export async function timesOut(
  kind: 'startToClose' | 'scheduleToStart' | 'heartbeat' | 'scheduleToClose',
): Promise<void> {
  const options = {
    startToClose: { startToCloseTimeout: '1s' },
    scheduleToStart: {
      startToCloseTimeout: '9s',
      scheduleToStartTimeout: '1s',
      taskQueue: 'nobody-polls',
    },
    heartbeat: { startToCloseTimeout: '20s', heartbeatTimeout: '1s' },
    scheduleToClose: { scheduleToCloseTimeout: '4s' },
  } as const;
  const { silent } = wf.proxyActivities<typeof activities>({
    ...options[kind],
    retry: { maximumAttempts: 1 },
  });
  await silent();
}

/** Local activities: one that works and one that gives up. */
export async function local(): Promise<string> {
  const near = wf.proxyLocalActivities<typeof activities>({
    startToCloseTimeout: '30s',
    retry: { initialInterval: '1ms', maximumAttempts: 2 },
  });
  const first = await near.echo('near');
  try {
    await near.failing(9);
  } catch (error) {
    return `${first} ${(error as Error).name}`;
  }
  return first;
}

/** Version markers. */
export async function versions(): Promise<boolean> {
  const patched = wf.patched('a-change');
  wf.deprecatePatch('another');
  await wf.sleep(1);
  return patched;
}

export async function attributes(): Promise<void> {
  wf.upsertMemo({ note: 'later', first: null });
  wf.upsertSearchAttributes({ Score: [42], Colour: ['red'] });
  await wf.sleep(1);
  wf.upsertSearchAttributes({ Colour: [] });
}

export async function countdown(n: number): Promise<string> {
  if (n === 0) return 'done';
  // A run that has lived for a second is followed by the next one at once.
  await wf.sleep('1s');
  await wf.continueAsNew<typeof countdown>(n - 1);
  return '';
}

export async function broken(message: string): Promise<never> {
  throw wf.ApplicationFailure.nonRetryable(message, 'Broken', { code: 7 });
}

/** A child that works and a child that fails. */
export async function parent(): Promise<void> {
  const { workflowId } = wf.workflowInfo();
  await wf.executeChild(child, { args: ['works'], workflowId: `${workflowId}/works` });
  await wf.executeChild(child, { args: ['fails'], workflowId: `${workflowId}/fails` });
}

/** Ends when it is told to: not before its parent has had its task about the start. */
export async function child(how: 'works' | 'fails'): Promise<string> {
  let finished = false;
  wf.setHandler(finishSignal, () => {
    finished = true;
  });
  await wf.condition(() => finished);
  return how === 'works' ? hello('child') : broken('no');
}

/** Fails for two attempts. */
export async function retriedWorkflow(): Promise<number> {
  const { attempt } = wf.workflowInfo();
  if (attempt < 3)
    throw wf.ApplicationFailure.create({ message: `attempt ${attempt}`, type: 'Flaky' });
  return attempt;
}

/** Signals and cancels a workflow, and one that does not exist. */
export async function meddler(target: string, nobody: string): Promise<string[]> {
  const outcomes: string[] = [];
  const other = wf.getExternalWorkflowHandle(target);
  await other.signal(addSignal, 'from outside');
  await other.cancel();
  const missing = wf.getExternalWorkflowHandle(nobody);
  await missing.signal(addSignal, 'x').catch((e: Error) => outcomes.push(e.name));
  await missing.cancel().catch((e: Error) => outcomes.push(e.name));
  return outcomes;
}

/** A task that fails, then goes well: its worker could not do it. */
export async function sideEffects(): Promise<void> {
  const timer = new wf.CancellationScope();
  const slept = timer.run(() => wf.sleep('1h')).catch(() => 'cancelled');
  await wf.sleep(1);
  timer.cancel();
  await slept;
}
