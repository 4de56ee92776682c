/** Queries, of running and of closed runs. */
import { enums } from '../../../../src/temporal-server/proto.js';
import * as c from '../commands.js';
import { subject } from '../program.js';
import type { World } from '../world.js';

const { QueryRejectCondition: Reject, QueryResultType: Result } = enums;

const query = (w: World, id: string, more: object = {}) =>
  w.ask('QueryWorkflow', {
    execution: { workflowId: id },
    query: { queryType: 'q', queryArgs: c.text('args') },
    ...more,
  });

const answerTask = (w: World, task: { taskToken: Uint8Array }, more: object) =>
  w.ask('RespondQueryTaskCompleted', { taskToken: task.taskToken, ...more });

const answered = {
  completedType: Result.QUERY_RESULT_TYPE_ANSWERED,
  queryResult: c.text('result'),
};

export const queries = subject('queries', {
  'answered by a task of its own': async (w) => {
    const id = await w.startWith();
    const asked = query(w, id);
    const task = await w.task(id);
    const given = await w.outcomeOf(Promise.resolve(task));
    const said = await answerTask(w, task, answered);
    return { given, said, answer: await asked, history: await w.eventTypes(id) };
  },
  'failed by its worker': async (w) => {
    const id = await w.startWith();
    const asked = query(w, id);
    await answerTask(w, await w.task(id), {
      completedType: Result.QUERY_RESULT_TYPE_FAILED,
      errorMessage: 'cannot say',
      failure: c.failure('cannot say'),
    });
    return { answer: await asked };
  },
  'of a run that waits for its first task': async (w) => {
    const id = await w.start();
    const asked = query(w, id);
    const task = await w.task(id);
    await w.answer(task);
    await answerTask(w, await w.task(id), answered);
    return { answer: await asked, history: await w.eventTypes(id) };
  },
  'with a task that is there anyway': async (w) => {
    const id = await w.startWith();
    await w.signal(id, 's');
    const asked = query(w, id);
    const task = await w.until(
      () => w.task(id),
      () => true,
    );
    const { queries: carried } = task as unknown as { queries: { [id: string]: object } };
    const [queryId] = Object.keys(carried);
    if (queryId === undefined) {
      await w.answer(task);
      await answerTask(w, await w.task(id), answered);
    } else {
      const result = { resultType: Result.QUERY_RESULT_TYPE_ANSWERED, answer: c.text('result') };
      await w.answer(task, [], { queryResults: { [queryId]: result } });
    }
    return { answer: await asked, history: await w.eventTypes(id) };
  },
  'of a closed run': async (w) => {
    const id = await w.startWith(c.complete());
    const asked = query(w, id);
    const task = await w.task(id);
    await answerTask(w, task, answered);
    return { answer: await asked };
  },
  'of a closed run, where only open ones may be asked': async (w) => {
    const id = await w.startWith(c.complete());
    const condition = Reject.QUERY_REJECT_CONDITION_NOT_OPEN;
    return { answer: await query(w, id, { queryRejectCondition: condition }) };
  },
  'of a failed run, where only good ends may be asked': async (w) => {
    const id = await w.startWith(c.fail());
    const condition = Reject.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY;
    return { answer: await query(w, id, { queryRejectCondition: condition }) };
  },
  'of a run whose task fails': async (w) => {
    const id = await w.start();
    for (let attempt = 0; attempt < 3; attempt++) {
      const { taskToken } = await w.task(id);
      await w.call('RespondWorkflowTaskFailed', { taskToken, cause: 1 });
    }
    return { answer: await query(w, id) };
  },
  'what cannot be': async (w) => {
    const id = await w.startWith();
    return {
      nobody: await query(w, w.id('nobody')),
      'no query': await query(w, id, { query: null }),
      'no type': await query(w, id, { query: {} }),
      'no execution': await query(w, id, { execution: null }),
      'a run id that is none': await query(w, id, { execution: { workflowId: id, runId: 'x' } }),
      'a run that is not there': await query(w, id, {
        execution: { workflowId: id, runId: '01234567-89ab-4def-8123-456789abcdef' },
      }),
    };
  },
  'an answer to no query': async (w) => ({
    'no token': await w.ask('RespondQueryTaskCompleted', answered),
    'a token that is none': await w.ask('RespondQueryTaskCompleted', {
      ...answered,
      taskToken: Buffer.from('token'),
    }),
  }),
});
