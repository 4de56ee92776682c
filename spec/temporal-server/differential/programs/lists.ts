/** Lists and counts of runs, and what queries are refused. */
import * as c from '../commands.js';
import { type Plain, subject } from '../program.js';
import type { World } from '../world.js';

const LIST = 'ListWorkflowExecutions';
const COUNT = 'CountWorkflowExecutions';

/** Three runs of a program: one open with attributes, one completed, one failed. */
async function three(w: World): Promise<string> {
  const fields = {
    Score: c.payload(7),
    Colour: c.payload('red'),
    Note: c.payload('a quick fox'),
    Ratio: c.payload(0.5),
    Flag: c.payload(true),
    Due: c.payload('2026-01-02T03:04:05Z'),
    Tags: c.payload(['a', 'b']),
  };
  const memo = { fields: { m: c.payload('memo') } };
  await w.start('open', { searchAttributes: { indexedFields: fields }, memo });
  await w.step(await w.start('good', { workflowType: { name: 'other' } }), c.complete());
  const attributes = { indexedFields: { Score: c.payload(9) } };
  await w.step(await w.start('bad', { searchAttributes: attributes }), c.fail());
  const mine = `WorkflowId STARTS_WITH "${w.prefix}"`;
  await w.until(
    () => w.call(COUNT, { query: `${mine} AND ExecutionStatus IN ("Completed", "Failed")` }),
    ({ count }) => Number(count) === 2,
  );
  await w.until(
    () => w.call(COUNT, { query: mine }),
    ({ count }) => Number(count) === 3,
  );
  return mine;
}

interface Found {
  readonly executions?: readonly { readonly execution: { readonly workflowId: string } }[];
}

/** The names of what is found, or the error. */
async function found(w: World, query: string): Promise<Plain> {
  const answer = await w.ask(LIST, { query });
  if ((answer as { error?: Plain }).error) return answer;
  const names = ((answer as unknown as Found).executions ?? []).map((e) => e.execution.workflowId);
  return names.sort();
}

/** Groups come in any order. */
function sorted(answer: Plain): Plain {
  const { groups = [], ...rest } = answer as { groups?: readonly Plain[] };
  return { ...rest, groups: groups.map((group) => JSON.stringify(group)).sort() };
}

async function foundBy(w: World, mine: string, queries: readonly string[]) {
  const out: { [query: string]: Plain } = {};
  for (const query of queries)
    out[w.mask.text(query, '')] = await found(w, `${mine} AND (${query})`);
  return out;
}

export const lists = subject('lists', {
  'a run, as it is listed': async (w) => {
    const mine = await three(w);
    return {
      open: await w.ask(LIST, { query: `${mine} AND ExecutionStatus = "Running"` }),
      closed: await w.ask(LIST, { query: `${mine} AND ExecutionStatus = "Failed"` }),
      scanned: await w.ask('ScanWorkflowExecutions', {
        query: `${mine} AND ExecutionStatus = "Completed"`,
      }),
    };
  },
  'queries of the system’s attributes': async (w) =>
    foundBy(w, await three(w), [
      'WorkflowType = "other"',
      'WorkflowType != "other"',
      'WorkflowType IN ("other", "none")',
      'WorkflowType NOT IN ("other")',
      'ExecutionStatus = "Running"',
      'ExecutionStatus != "Running"',
      'ExecutionStatus = 2',
      'CloseTime IS NULL',
      'CloseTime IS NOT NULL',
      'CloseTime IS NULL OR ExecutionStatus = "Failed"',
      'StartTime > "2020-01-01T00:00:00Z"',
      'StartTime BETWEEN "2020-01-01T00:00:00Z" AND "2021-01-01T00:00:00Z"',
      'HistoryLength > 2',
      'HistoryLength IS NULL',
      'ExecutionDuration >= 0',
      'ExecutionDuration < "1h"',
      `TaskQueue = "${w.id('open')}"`,
      `WorkflowId = "${w.id('open')}"`,
      'WorkflowId STARTS_WITH "nobody"',
      'WorkflowId NOT STARTS_WITH "nobody"',
      'ParentWorkflowId IS NULL',
      `RootWorkflowId = "${w.id('open')}"`,
      'NOT (WorkflowType = "other")',
      '(WorkflowType = "other" OR ExecutionStatus = "Running")',
    ]),
  'queries of one’s own attributes': async (w) =>
    foundBy(w, await three(w), [
      'Score = 7',
      'Score > 7',
      'Score >= 7',
      'Score != 7',
      'Score BETWEEN 7 AND 8',
      'Score NOT BETWEEN 7 AND 8',
      'Score IN (7, 9)',
      'Score IS NULL',
      'Colour = "red"',
      "Colour = 'red'",
      'Colour STARTS_WITH "r"',
      'Colour > "blue"',
      'Note = "fox"',
      'Note = "quick dog"',
      'Note != "fox"',
      'Ratio < 1.5',
      'Ratio = 0.5',
      'Flag = true',
      'Flag = false',
      'Flag != true',
      'Due = "2026-01-02T03:04:05Z"',
      'Due < "2026-01-02T03:04:06+00:00"',
      'Tags = "a"',
      'Tags = "c"',
      'Tags != "a"',
      'Tags IN ("b", "c")',
      'Tags NOT IN ("b", "c")',
      'Tags IS NULL',
    ]),
  'queries that are refused': async (w) =>
    foundBy(w, 'WorkflowId = "nobody"', [
      'Nowhere = 1',
      'Score = "seven"',
      'Score STARTS_WITH "7"',
      'Score LIKE 7',
      'Colour LIKE "r%"',
      'Note STARTS_WITH "a"',
      'Note > "a"',
      'Flag > true',
      'Tags > "a"',
      'ExecutionStatus = "Sleeping"',
      'StartTime = "yesterday"',
      'ExecutionDuration > "long"',
      'Due = "yesterday"',
      'WorkflowType =',
      'WorkflowType',
      '(WorkflowType = "a"',
      'WorkflowType = "a" XOR Score = 1',
      'WorkflowType = "unterminated',
      '1 = 1',
      'Score + 1 = 2',
      'WorkflowType = WorkflowId',
      'WorkflowType IS TRUE',
      'Score BETWEEN "a" AND "b"',
      '"a" = WorkflowType',
      'count(*) = 1',
    ]),
  counts: async (w) => {
    const mine = await three(w);
    return {
      all: await w.ask(COUNT, { query: mine }),
      grouped: sorted(await w.ask(COUNT, { query: `${mine} GROUP BY ExecutionStatus` })),
      'grouped by another': await w.ask(COUNT, { query: `${mine} GROUP BY WorkflowType` }),
      'grouped by two': await w.ask(COUNT, {
        query: `${mine} GROUP BY ExecutionStatus, WorkflowType`,
      }),
      'a list that is grouped': await w.ask(LIST, { query: `${mine} GROUP BY ExecutionStatus` }),
      refused: await w.ask(COUNT, { query: 'Nowhere = 1' }),
    };
  },
  pages: async (w) => {
    const mine = await three(w);
    const sizes: number[] = [];
    let nextPageToken: unknown = new Uint8Array();
    do {
      const answer = await w.call(LIST, { query: mine, pageSize: 2, nextPageToken });
      sizes.push((answer.executions as object[]).length);
      nextPageToken = answer.nextPageToken;
    } while ((nextPageToken as Uint8Array).length > 0);
    return {
      sizes,
      'a token that is none': await w.ask(LIST, { nextPageToken: Buffer.from('x') }),
    };
  },
  'open and closed ones apart': async (w) => {
    await three(w);
    const startTimeFilter = {
      earliestTime: { seconds: 1_600_000_000 },
      latestTime: { seconds: 4_000_000_000 },
    };
    const of = async (method: string, more: object): Promise<Plain> => {
      const answer = await w.ask(method, { startTimeFilter, ...more });
      if ((answer as { error?: Plain }).error) return answer;
      const { executions = [] } = answer as unknown as Found;
      const names = executions.map((e) => e.execution.workflowId);
      return names.filter((name) => name.startsWith('my-')).sort();
    };
    const [open, closed] = ['ListOpenWorkflowExecutions', 'ListClosedWorkflowExecutions'];
    const id = (name: string) => ({ executionFilter: { workflowId: w.id(name) } });
    return {
      open: await of(open, id('open')),
      'closed, of the open ones': await of(open, id('good')),
      closed: await of(closed, id('good')),
      'by a type that nobody has': await of(closed, { typeFilter: { name: w.id('type') } }),
      'two filters': await of(closed, { ...id('good'), statusFilter: { status: 2 } }),
    };
  },
});
