/** Resets: where a run may be taken up again, and what comes along. */
import { enums } from '../../../../src/temporal-server/proto.js';
import { accept, respond, say, updateRequest } from '../../support/update-hand.js';
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

const { ResetReapplyType: Type, ResetReapplyExcludeType: Exclude } = enums;

async function reset(w: World, id: string, more: object = {}): Promise<{ [name: string]: Plain }> {
  const [first] = await w.events(id);
  const runId = first?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? '';
  const answer = await w.ask('ResetWorkflowExecution', {
    workflowExecution: { workflowId: id, runId },
    reason: 'try again',
    workflowTaskFinishEventId: 4,
    requestId: w.id('reset'),
    identity: 'resetter',
    ...more,
  });
  return { answer, before: await w.history(id, runId), now: await w.history(id) };
}

/** A run with a task, then a signal and another task. */
async function signalled(w: World, ...last: object[]): Promise<string> {
  const id = await w.startWith();
  await w.signal(id, 's', { input: c.text('input') });
  await w.step(id, ...last);
  return id;
}

export const resets = subject('resets', {
  'of a run that has closed': async (w) => reset(w, await signalled(w, c.complete())),
  'of a run that is open': async (w) => reset(w, await signalled(w)),
  'of a run during a task': async (w) => {
    const id = await signalled(w);
    await w.signal(id, 'another');
    await w.task(id);
    return reset(w, id);
  },
  'to a task that started': async (w) =>
    reset(w, await signalled(w, c.complete()), { workflowTaskFinishEventId: 3 }),
  'signals stay behind': async (w) =>
    reset(w, await signalled(w, c.complete()), {
      resetReapplyType: Type.RESET_REAPPLY_TYPE_NONE,
    }),
  'signals are excluded': async (w) =>
    reset(w, await signalled(w, c.complete()), {
      resetReapplyExcludeTypes: [Exclude.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL],
    }),
  'updates come along': async (w) => {
    const id = await w.startWith();
    const sent = w.ask('UpdateWorkflowExecution', updateRequest(id, 'one'));
    const messages = [accept('one'), respond('one', 'done')];
    await w.answer(await w.task(id), [...messages.map(say), c.complete()], { messages });
    await sent;
    return reset(w, id);
  },
  'timers and activities before it stay': async (w) => {
    const id = await w.startWith(c.timer('1', 600), c.activity('nobody-polls'));
    await w.signal(id, 's');
    await w.step(id, c.complete());
    return reset(w, id, { workflowTaskFinishEventId: 9 });
  },
  'the same request id': async (w) => {
    const id = await signalled(w, c.complete());
    const { answer } = await reset(w, id);
    const again = await w.ask('ResetWorkflowExecution', {
      workflowExecution: { workflowId: id },
      reason: 'try again',
      workflowTaskFinishEventId: 4,
      requestId: w.id('reset'),
    });
    return { first: answer ?? null, again };
  },
  'the run goes on after it': async (w) => {
    const id = await signalled(w, c.fail());
    await reset(w, id);
    await w.step(id, c.complete('after all'));
    return { history: await w.closedHistory(id), described: await w.describe(id) };
  },
  'what cannot be': async (w) => {
    const id = await signalled(w, c.complete());
    const answer = async (more: object) =>
      w.ask('ResetWorkflowExecution', {
        workflowExecution: { workflowId: id },
        workflowTaskFinishEventId: 4,
        requestId: w.id('reset'),
        ...more,
      });
    return {
      'no execution': await answer({ workflowExecution: null }),
      nobody: await answer({ workflowExecution: { workflowId: w.id('nobody') } }),
      'a run id that is none': await answer({
        workflowExecution: { workflowId: id, runId: 'x' },
      }),
      'event 0': await answer({ workflowTaskFinishEventId: 0 }),
      'event 1': await answer({ workflowTaskFinishEventId: 1 }),
      'an event that is no task': await answer({ workflowTaskFinishEventId: 5 }),
      'an event beyond the end': await answer({ workflowTaskFinishEventId: 100 }),
      'a negative event': await answer({ workflowTaskFinishEventId: -1 }),
      'no request id': await answer({ requestId: '' }),
    };
  },
});
