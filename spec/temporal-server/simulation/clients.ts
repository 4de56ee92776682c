/** Simulated clients: they start workflows, and signal, cancel, terminate and read them. */
import type { HistoryEvent } from '../../../src/temporal-server/proto.js';
import { inputOf, randomScript, TASK_QUEUE } from './script.js';
import { attempt, type World } from './world.js';

const namespace = 'default';

/** Lets clients loose on the workflows for as long as there is trouble. */
export function useWorkflows(world: World, ids: readonly string[], forMs: number): void {
  const { agenda, random } = world;
  for (const workflowId of ids)
    agenda.after(random.between(0, forMs / 3), () => void start(world, workflowId, ids));
  for (let count = 0; count < OPERATIONS; count++) {
    const workflowId = random.pick(ids);
    agenda.after(random.between(1000, forMs), () => void operate(world, workflowId, count));
  }
}

const OPERATIONS = 6;

async function start(world: World, workflowId: string, ids: readonly string[]): Promise<void> {
  const { random, ledger } = world;
  const script = randomScript(random, ids);
  const request = {
    namespace,
    workflowId,
    workflowType: { name: 'scripted' },
    taskQueue: { name: TASK_QUEUE },
    requestId: random.id(),
    input: inputOf(script),
    ...(random.chance(0.2) && { workflowRunTimeout: { seconds: random.between(5, 40) } }),
    ...(random.chance(0.2) && { workflowStartDelay: { seconds: random.between(1, 5) } }),
    ...(random.chance(0.3) && { retryPolicy: { maximumAttempts: 2 } }),
  };
  world.trace(`starts ${workflowId}: ${JSON.stringify(script)}`);
  const started = await attempt<{ runId: string }>(world, 'StartWorkflowExecution', request);
  if (!started) return;
  const { runId } = started;
  ledger.started.set(workflowId, runId);
  if (!random.chance(0.3)) return;
  // The answer was lost on its way, say: the same request once more is the same run.
  const again = await attempt<{ runId: string }>(world, 'StartWorkflowExecution', request);
  if (again && again.runId !== runId && isOpen(world, runId))
    ledger.violate(`one start of ${workflowId} gave ${runId} and ${again.runId}`);
}

/** A start after the run has closed is a new one. */
function isOpen({ machine }: World, runId: string): boolean {
  return [...(machine.store?.openRuns() ?? [])].some((key) => key.runId === runId);
}

async function operate(world: World, workflowId: string, count: number): Promise<void> {
  const { random, ledger } = world;
  const execution = { workflowId };
  const kind = random.weighted({ signal: 5, cancel: 1, terminate: 0.5, read: 3 });
  world.trace(`a client: ${kind} ${workflowId}`);
  const requestId = random.id();
  if (kind === 'signal') {
    const name = `signal ${count}`;
    const request = { namespace, workflowExecution: execution, signalName: name, requestId };
    if (await attempt(world, 'SignalWorkflowExecution', request))
      ledger.signals.push({ workflowId, name });
  } else if (kind === 'read') await read(world, workflowId);
  else {
    const method =
      kind === 'cancel' ? 'RequestCancelWorkflowExecution' : 'TerminateWorkflowExecution';
    await attempt(world, method, { namespace, workflowExecution: execution, requestId });
  }
}

async function read(world: World, workflowId: string): Promise<void> {
  const runId = world.machine.store?.currentRunId(namespace, workflowId);
  if (!runId) return;
  const answer = await attempt<{ history: { events: HistoryEvent[] } }>(
    world,
    'GetWorkflowExecutionHistory',
    { namespace, execution: { workflowId, runId } },
  );
  if (answer) world.ledger.see(runId, answer.history.events);
}
