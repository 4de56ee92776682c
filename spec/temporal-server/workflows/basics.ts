/** Workflows that the server's specs run on a real worker. */
import * as wf from '@temporalio/workflow';
import type * as activities from '../support/activities.js';

const { echo, failing } = wf.proxyActivities<typeof activities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '10ms', maximumAttempts: 5 },
});

const addSignal = wf.defineSignal<[string]>('add');
const finishSignal = wf.defineSignal('finish');
const itemsQuery = wf.defineQuery<string[]>('items');

/** A timer and, when told to, an activity. */
export async function hello(name: string, timerMs = 10, withActivity = false): Promise<string> {
  await wf.sleep(timerMs);
  return withActivity ? echo(`hello ${name}`) : `hello ${name}`;
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
  await wf.condition(() => finished);
  return items;
}

/** An activity that fails `times` times before it does what it should. */
export function retried(times: number): Promise<number> {
  return failing(times);
}

/** An activity that never works: the workflow fails with it. */
export async function exhausted(): Promise<void> {
  await wf
    .proxyActivities<typeof activities>({
      startToCloseTimeout: '5s',
      retry: { initialInterval: '10ms', maximumAttempts: 2 },
    })
    .failing(9);
}

/** Waits for its cancellation, cleans up with an activity, and ends as cancelled. */
export async function cancellable(): Promise<void> {
  try {
    await wf.sleep('1h');
  } catch (error) {
    await wf.CancellationScope.nonCancellable(() => echo('cleaned up'));
    throw error;
  }
}

/** Cancels a long activity and says how that ended. */
export async function cancelsActivity(): Promise<string> {
  const scope = new wf.CancellationScope();
  const { patient } = wf.proxyActivities<typeof activities>({
    startToCloseTimeout: '30s',
    heartbeatTimeout: '2s',
    cancellationType: wf.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
  const running = scope.run(() => patient());
  running.catch(() => {});
  await wf.sleep(50);
  scope.cancel();
  try {
    await running;
    return 'completed';
  } catch (error) {
    return wf.isCancellation(error) ? 'cancelled' : 'failed';
  }
}

/** Continues as new until it has counted down. */
export async function countdown(n: number): Promise<string> {
  if (n === 0)
    return `done after ${wf.workflowInfo().runId !== wf.workflowInfo().firstExecutionRunId}`;
  await wf.continueAsNew<typeof countdown>(n - 1);
  return '';
}

/** Runs a child and gives its result. */
export function parent(name: string): Promise<string> {
  return wf.executeChild(hello, {
    args: [name],
    workflowId: `${wf.workflowInfo().workflowId}/child`,
  });
}

/** Fails in a way that ends the run. */
export async function broken(message: string): Promise<void> {
  throw wf.ApplicationFailure.nonRetryable(message, 'Broken', { code: 7 });
}

/** A child that fails: the parent tells how. */
export async function parentOfBroken(): Promise<string> {
  try {
    await wf.executeChild(broken, {
      args: ['no'],
      workflowId: `${wf.workflowInfo().workflowId}/child`,
    });
    return 'completed';
  } catch (error) {
    return error instanceof wf.ChildWorkflowFailure ? `${error.cause?.message}` : 'other';
  }
}

/** Starts a child under an id that is taken. */
export async function childConflict(): Promise<string> {
  const workflowId = `${wf.workflowInfo().workflowId}/child`;
  const first = await wf.startChild(collector, { workflowId });
  try {
    await wf.startChild(collector, { workflowId });
    return 'started twice';
  } catch (error) {
    await first.signal(addSignal, 'from the parent');
    await first.signal(finishSignal);
    const items = await first.result();
    return `${(error as Error).name}: ${items.join()}`;
  }
}

/** Leaves children behind, to be met by each parent close policy. */
export async function leaver(): Promise<void> {
  const { workflowId } = wf.workflowInfo();
  for (const parentClosePolicy of ['TERMINATE', 'ABANDON', 'REQUEST_CANCEL'] as const)
    await wf.startChild(cancellable, {
      workflowId: `${workflowId}/${parentClosePolicy}`,
      parentClosePolicy,
    });
}

/** Signals and cancels another workflow, and one that does not exist. */
export async function meddler(target: string): Promise<string[]> {
  const outcomes: string[] = [];
  const other = wf.getExternalWorkflowHandle(target);
  await other.signal(addSignal, 'from outside');
  await other.cancel();
  const nobody = wf.getExternalWorkflowHandle('nobody-at-all');
  await nobody.signal(addSignal, 'x').catch((e: Error) => outcomes.push(e.name));
  await nobody.cancel().catch((e: Error) => outcomes.push(e.name));
  return outcomes;
}

/** Waits for one signal and cancellation both. */
export async function meddledWith(): Promise<string> {
  let got = '';
  wf.setHandler(addSignal, (item) => {
    got = item;
  });
  try {
    await wf.condition(() => false);
  } catch {
    // cancelled, as expected
  }
  return got;
}

/** Memo, search attributes and a marker. */
export async function attributes(): Promise<boolean> {
  const patched = wf.patched('a-change');
  wf.upsertMemo({ note: 'later', first: null });
  wf.upsertSearchAttributes({ Score: [42] });
  await wf.sleep(1);
  return patched;
}

/** Starts a timer and cancels it. */
export async function cancelsTimer(): Promise<string> {
  try {
    await wf.CancellationScope.withTimeout(1, () => wf.sleep('1h'));
    return 'slept';
  } catch (error) {
    return wf.isCancellation(error) ? 'cancelled' : 'failed';
  }
}

/** An activity that its worker forgets about: each of its timeouts in turn. */
export async function timesOut(
  kind: 'startToClose' | 'scheduleToStart' | 'heartbeat' | 'scheduleToClose',
): Promise<string> {
  const options = {
    startToClose: { startToCloseTimeout: '1s' },
    scheduleToStart: {
      startToCloseTimeout: '9s',
      scheduleToStartTimeout: '1s',
      taskQueue: 'nobody-polls',
    },
    heartbeat: { startToCloseTimeout: '9s', heartbeatTimeout: '1s' },
    scheduleToClose: { scheduleToCloseTimeout: '1s' },
  } as const;
  const { silent } = wf.proxyActivities<typeof activities>({
    ...options[kind],
    retry: { maximumAttempts: 1 },
  });
  try {
    await silent();
    return 'completed';
  } catch (error) {
    const cause = (error as wf.ActivityFailure).cause as wf.TimeoutFailure;
    return `${cause.name} ${cause.timeoutType}`;
  }
}

/** Fails until its attempt is the third. */
export async function retriedWorkflow(): Promise<number> {
  const { attempt } = wf.workflowInfo();
  if (attempt < 3) throw wf.ApplicationFailure.retryable(`attempt ${attempt}`);
  return attempt;
}

/** Sleeps for a day. */
export async function sleeper(ms: number): Promise<string> {
  await wf.sleep(ms);
  return 'rested';
}

/** Local activities become markers. */
export async function local(): Promise<string> {
  const { echo: echoHere } = wf.proxyLocalActivities<typeof activities>({
    startToCloseTimeout: '5s',
  });
  return echoHere('near');
}
