/** Search attributes and memo: upserted, described, found. */
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

const ALL = {
  Score: c.payload(42),
  Colour: c.payload('red'),
  Note: c.payload('some words'),
  Ratio: c.payload(1.5),
  Flag: c.payload(true),
  Due: c.payload('2026-01-02T03:04:05Z'),
  Tags: c.payload(['a', 'b']),
};

/** Its attributes and memo. */
async function described(w: World, id: string): Promise<Plain> {
  const seen = (await w.describe(id)) as { workflowExecutionInfo: { [name: string]: Plain } };
  const { memo = null, searchAttributes = null } = seen.workflowExecutionInfo;
  return { memo, searchAttributes };
}

const start = (w: World, name: string, fields: object): Promise<Plain> =>
  w.ask(
    'StartWorkflowExecution',
    w.startRequest(name, { searchAttributes: { indexedFields: fields } }),
  );

export const attributes = subject('attributes', {
  'all types at start': async (w) => {
    const id = await w.start('wf', { searchAttributes: { indexedFields: ALL } });
    return { history: await w.history(id), described: await described(w, id) };
  },
  'all types upserted': async (w) => {
    const id = await w.startWith(c.upsertAttributes(ALL));
    return { history: await w.history(id), described: await described(w, id) };
  },
  'taken away': async (w) => {
    const id = await w.start('wf', { searchAttributes: { indexedFields: ALL } });
    const none = { metadata: { encoding: Buffer.from('binary/null') } };
    const empty = c.payload([]);
    await w.step(id, c.upsertAttributes({ Score: none, Colour: empty }));
    return { history: await w.history(id), described: await described(w, id) };
  },
  'memo changed and taken away': async (w) => {
    const memo = { fields: { a: c.payload(1), b: c.payload(2) } };
    const id = await w.start('wf', { memo });
    const none = { metadata: { encoding: Buffer.from('binary/null') } };
    await w.step(id, c.modifyMemo({ a: c.payload(3), b: none, c: c.payload(4) }));
    return { history: await w.history(id), described: await described(w, id) };
  },
  'values that do not fit': async (w) => ({
    'a text for a number': await start(w, 'a', { Score: c.payload('x') }),
    'a number for a text': await start(w, 'b', { Colour: c.payload(1) }),
    'a date that is none': await start(w, 'c', { Due: c.payload('yesterday') }),
    'several for one': await start(w, 'd', { Score: c.payload([1, 2]) }),
    'one in a list': await start(w, 'e', { Score: c.payload([1]) }),
    'one for a list': await start(w, 'f', { Tags: c.payload('a') }),
    unknown: await start(w, 'g', { Nowhere: c.payload('x') }),
    "the system's": await start(w, 'h', { ExecutionStatus: c.payload('Running') }),
    'the time of the start': await start(w, 'i', { StartTime: c.payload('2026-01-02T03:04:05Z') }),
    'not JSON': await start(w, 'j', { Colour: { data: Buffer.from('red') } }),
  }),
  'declared with a type': async (w) => {
    const typed = (value: unknown, type: string) => {
      const { metadata, data } = c.payload(value);
      return { metadata: { ...metadata, type: Buffer.from(type) }, data };
    };
    return {
      right: await start(w, 'a', { Score: typed(1, 'Int') }),
      wrong: await start(w, 'b', { Score: typed(1, 'Keyword') }),
      described: await described(w, w.id('a')),
    };
  },
  'those of the namespace': async (w) => ({
    listed: await w.operate('ListSearchAttributes', {}),
  }),
  'added and removed in ways that cannot be': async (w) => ({
    'one that is there': await w.operate('AddSearchAttributes', {
      searchAttributes: { Score: 3 },
    }),
    'one of the system': await w.operate('AddSearchAttributes', {
      searchAttributes: { ExecutionStatus: 2 },
    }),
    'a type that is none': await w.operate('AddSearchAttributes', {
      searchAttributes: { Fresh: 99 },
    }),
    nothing: await w.operate('AddSearchAttributes', {}),
    'removes what is not there': await w.operate('RemoveSearchAttributes', {
      searchAttributes: ['Nowhere'],
    }),
    'removes one of the system': await w.operate('RemoveSearchAttributes', {
      searchAttributes: ['ExecutionStatus'],
    }),
    'removes nothing': await w.operate('RemoveSearchAttributes', {}),
  }),
});
