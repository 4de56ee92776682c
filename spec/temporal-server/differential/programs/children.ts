/** Children, what becomes of them when their parent closes, and other workflows from within one. */
import { enums } from '../../../../src/temporal-server/proto.js';
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import { PATIENT, type World } from '../world.js';

const { ParentClosePolicy: Close, WorkflowIdReusePolicy: Reuse, EventType } = enums;

/** A parent whose child has started, and whose next task is there. */
async function withChild(w: World, more: object = {}): Promise<[parent: string, child: string]> {
  const childId = w.id('child');
  const id = await w.startWith(c.child(childId, more));
  await happened(w, id, EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED);
  return [id, childId];
}

async function happened(w: World, id: string, eventType: number): Promise<void> {
  await w.until(
    () => w.events(id),
    (events) => events.some((event) => event.eventType === eventType),
  );
}

/** How a child's end is told to its parent. */
async function ended(
  w: World,
  end: (child: string) => Promise<unknown>,
  more: object = {},
): Promise<{ [name: string]: Plain }> {
  const [id, childId] = await withChild(w, { workflowTaskTimeout: PATIENT, ...more });
  await w.step(id);
  await end(childId);
  await w.step(id, c.complete());
  return { parent: await w.history(id), child: await w.history(childId) };
}

/** A parent that closes while its child runs. */
async function left(w: World, parentClosePolicy: number): Promise<{ [name: string]: Plain }> {
  const [id, childId] = await withChild(w, { parentClosePolicy });
  await w.step(id, c.complete());
  if (parentClosePolicy === Close.PARENT_CLOSE_POLICY_TERMINATE) await w.closed(childId);
  if (parentClosePolicy === Close.PARENT_CLOSE_POLICY_REQUEST_CANCEL)
    await happened(w, childId, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED);
  return { parent: await w.history(id), child: await w.history(childId) };
}

export const children = subject('children', {
  'one that completes': (w) => ended(w, (id) => w.step(id, c.complete('result'))),
  'one that fails': (w) => ended(w, (id) => w.step(id, c.fail())),
  'one that is terminated': (w) => ended(w, (id) => w.terminate(id, 'enough')),
  'one that is cancelled': (w) =>
    ended(w, async (id) => {
      await w.call('RequestCancelWorkflowExecution', { workflowExecution: { workflowId: id } });
      await w.step(id, c.cancelled());
    }),
  'one that times out': async (w) => {
    const childId = w.id('child');
    const id = await w.startWith(c.child(childId, { workflowRunTimeout: { seconds: 2 } }));
    await happened(w, id, EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT);
    await w.step(id, c.complete());
    return { parent: await w.history(id), child: await w.history(childId) };
  },
  'one that goes on as new': (w) =>
    ended(w, async (id) => {
      // A run that has lived for a second is followed by the next one at once.
      await w.step(id, c.timer('1', 1));
      await w.step(id, c.continueAsNew());
      await w.step(id, c.complete('the second'));
    }),
  'one with all that it may be given': (w) =>
    ended(w, (id) => w.step(id, c.complete()), {
      input: c.text('input'),
      workflowExecutionTimeout: { seconds: 3600 },
      workflowRunTimeout: { seconds: 1800 },
      workflowTaskTimeout: { seconds: 7 },
      parentClosePolicy: Close.PARENT_CLOSE_POLICY_ABANDON,
      control: 'control',
      workflowIdReusePolicy: Reuse.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
      retryPolicy: { initialInterval: { seconds: 1 }, maximumAttempts: 3 },
      header: { fields: { h: c.payload('header') } },
      memo: { fields: { m: c.payload('memo') } },
      searchAttributes: { indexedFields: { Score: c.payload(7) } },
    }),
  'one that is retried': (w) =>
    ended(
      w,
      async (id) => {
        await w.step(id, c.fail());
        await w.step(id, c.complete('the second'));
      },
      { retryPolicy: { initialInterval: { seconds: 1 }, maximumAttempts: 2 } },
    ),
  'one whose id is taken': async (w) => {
    const childId = await w.start('child');
    const id = await w.startWith(c.child(childId));
    await w.step(id, c.complete());
    return { parent: await w.history(id) };
  },
  'one whose id has closed, and duplicates are rejected': async (w) => {
    const childId = await w.start('child');
    await w.step(childId, c.complete());
    const policy = Reuse.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE;
    const id = await w.startWith(c.child(childId, { workflowIdReusePolicy: policy }));
    await w.step(id, c.complete());
    return { parent: await w.history(id) };
  },
  'one in a namespace that is not there': async (w) => {
    const id = await w.start();
    const task = await w.task(id);
    const child = c.child(w.id('child'), { namespace: 'no-such-namespace' });
    const answer = await w.outcomeOf(w.answer(task, [child]));
    return { answer, parent: await w.history(id) };
  },
  'the parent closes: terminate': (w) => left(w, Close.PARENT_CLOSE_POLICY_TERMINATE),
  'the parent closes: request cancel': (w) => left(w, Close.PARENT_CLOSE_POLICY_REQUEST_CANCEL),
  'the parent closes: abandon': (w) => left(w, Close.PARENT_CLOSE_POLICY_ABANDON),
  'the parent is terminated': async (w) => {
    const [id, childId] = await withChild(w);
    await w.terminate(id, 'enough');
    return { parent: await w.history(id), child: await w.closedHistory(childId) };
  },
  'a child is cancelled by its parent': async (w) => {
    const [id, childId] = await withChild(w);
    await w.step(childId);
    await w.step(id, c.cancelExternal(childId, { childWorkflowOnly: true }));
    await w.step(childId, c.cancelled());
    await happened(w, id, EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED);
    await w.step(id, c.complete());
    return { child: await w.history(childId) };
  },
  'a child is signalled by its parent': async (w) => {
    const [id, childId] = await withChild(w);
    await w.step(id, c.signalExternal(childId, { childWorkflowOnly: true }));
    await happened(w, childId, EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
    return { child: await w.history(childId) };
  },
  'another workflow is signalled': async (w) => {
    const other = await w.start('other');
    const command = c.signalExternal(other, {
      control: 'control',
      header: { fields: { h: c.payload('header') } },
    });
    const id = await w.startWith(command);
    await w.step(id, c.complete());
    return { from: await w.history(id), to: await w.history(other) };
  },
  'nobody is signalled': async (w) => {
    const id = await w.startWith(c.signalExternal(w.id('nobody')));
    await w.step(id, c.complete());
    return { from: await w.history(id) };
  },
  'a closed workflow is signalled': async (w) => {
    const other = await w.start('other');
    await w.terminate(other);
    const id = await w.startWith(c.signalExternal(other));
    await w.step(id, c.complete());
    return { from: await w.history(id) };
  },
  'another workflow is cancelled': async (w) => {
    const other = await w.start('other');
    const id = await w.startWith(c.cancelExternal(other));
    await w.step(id, c.complete());
    return { from: await w.history(id), to: await w.history(other) };
  },
  'nobody is cancelled': async (w) => {
    const id = await w.startWith(c.cancelExternal(w.id('nobody')));
    await w.step(id, c.complete());
    return { from: await w.history(id) };
  },
  'a workflow signals itself': async (w) => {
    const id = await w.startWith(c.signalExternal(w.id('wf')));
    await w.step(id, c.complete());
    return { history: await w.eventTypes(id) };
  },
});
