import { describe, expect, it } from '@jest/globals';
import { compile } from '../../src/temporal-server/visibility/filter.js';
import { VisibilityIndex } from '../../src/temporal-server/visibility/list.js';
import { ListedRecord } from '../../src/temporal-server/visibility/listed.js';
import { parseQuery } from '../../src/temporal-server/visibility/query.js';
import type { VisibilityRecord } from '../../src/temporal-server/visibility/record.js';

const json = (value: unknown) => ({ data: Buffer.from(JSON.stringify(value)) });

const record: VisibilityRecord = {
  key: { namespace: 'default', workflowId: "order-'7'", runId: 'r' },
  workflowType: 'checkout',
  taskQueue: 'shop',
  status: 1,
  startedAtMs: Date.parse('2026-03-01T10:00:00Z'),
  executionAtMs: Date.parse('2026-03-01T10:00:00Z'),
  closedAtMs: undefined,
  historyLength: 3,
  historySizeBytes: 100,
  stateTransitions: 1,
  memo: {},
  searchAttributes: {
    Score: json([42]),
    Vip: json(true),
    Tags: json(['red', 'blue']),
    Note: json('A quick brown fox'),
    Due: json('2026-04-01T00:00:00Z'),
  },
  parent: undefined,
  root: { workflowId: 'order', runId: 'r' },
};

const custom = new Map([
  ['Score', 'Int'],
  ['Missing', 'Int'],
  ['Empty', 'KeywordList'],
  ['Vip', 'Bool'],
  ['Tags', 'KeywordList'],
  ['Note', 'Text'],
  ['Due', 'Datetime'],
] as const);

function matches(query: string): boolean {
  return compile(parseQuery(query).where, custom)(new ListedRecord(record));
}

describe('the query language of the list calls', () => {
  it.each([
    '',
    `WorkflowId = "order-'7'"`,
    "WorkflowId = 'order-''7'''",
    "WorkflowId STARTS_WITH 'order'",
    "WorkflowId not starts_with 'other'",
    "`WorkflowType` = 'checkout' AND TaskQueue = 'shop'",
    "ExecutionStatus = 'Running'",
    'ExecutionStatus = 1',
    "ExecutionStatus IN ('Failed', 'RUNNING')",
    'CloseTime IS NULL',
    'StartTime IS NOT NULL',
    "StartTime > '2026-02-01T00:00:00Z'",
    "StartTime BETWEEN '2026-03-01T00:00:00Z' AND '2026-03-02T00:00:00Z'",
    'Score >= 42 AND Score < 43',
    'Vip = true',
    "Tags = 'red'",
    "Tags IN ('green', 'blue')",
    "Note = 'fox'",
    "Due < '2026-05-01T00:00:00Z'",
    "CloseTime > '2026-01-01T00:00:00Z'",
    'Missing IS NULL',
    'NOT (Missing = 1 AND Vip = false)',
    "Tags != 'green'",
    "Empty != 'green'",
    "NOT (WorkflowType = 'x') AND (Score = 1 OR Score = 42)",
    "WorkflowType = 'x' OR WorkflowType = 'checkout' AND Score = 42",
  ])('is true of the run: %s', (query) => {
    expect(matches(query)).toBe(true);
  });

  it.each([
    "WorkflowId != 'order-''7'''",
    'CloseTime IS NOT NULL',
    "CloseTime < '2026-01-01T00:00:00Z'",
    'NOT (Missing = 1)',
    'NOT (Missing != 1)',
    'NOT (Missing = 1 AND Vip = true)',
    'Score NOT BETWEEN 1 AND 50',
    "Tags = 'green'",
    "WorkflowType = 'checkout' AND NOT Vip = true",
    "(WorkflowType = 'x' OR WorkflowType = 'checkout') AND Score = 41",
  ])('is not true of the run: %s', (query) => {
    expect(matches(query)).toBe(false);
  });

  it.each([
    ['WorkflowId = ', 'syntax error at position 14'],
    ["WorkflowId = 'a' AND", 'syntax error at position 21'],
    ["(WorkflowId = 'a'", 'syntax error at position 18'],
    ["WorkflowId = 'a' )", "syntax error at position 18 near ')'"],
    ["WorkflowId LIKE 'a'", "invalid operator 'like'"],
    ["'a' = WorkflowId", 'must be a column name'],
    ["WorkflowType = 't' LIMIT 5", "'limit' clause"],
    ['WorkflowType = t', "did you forget to quote 't'?"],
    ['Vip BETWEEN 1 AND 2', "cannot do range condition on search attribute 'Vip' of type Bool"],
    ["Tags > 'a'", "operator '>' not supported for KeywordList"],
    ["Note STARTS_WITH 'a'", "operator 'starts_with' not supported for Text"],
    ["Note = '...'", 'no tokens found'],
    ["Score = 'much'", 'invalid value for search attribute Score of type Int'],
    ["Nothing = 'x'", "column name 'Nothing' is not a valid search attribute"],
  ])('refuses %s', (query, message) => {
    expect(() => matches(query)).toThrow(message);
  });

  it('takes as many conditions beside one another as a request can hold', () => {
    const wrong = Array.from({ length: 50_000 }, (_, i) => `WorkflowId = 'order-${i}'`);
    expect(matches(wrong.join(' OR '))).toBe(false);
    expect(matches([...wrong, 'Vip = true'].join(' OR '))).toBe(true);
    expect(matches(wrong.map((each) => `NOT ${each}`).join(' AND '))).toBe(true);
  });

  it.each([
    ['NOT ', ''],
    ['(', ')'],
    ['NOT (', ')'],
    ['Vip = false OR (Vip = true AND NOT ', ')'],
  ])('refuses too many in one another, with where that is: %s', (opening, closing) => {
    const nested = (depth: number) => `${opening.repeat(depth)}Vip = true${closing.repeat(depth)}`;
    expect(typeof matches(nested(30))).toBe('boolean');
    expect(() => matches(nested(100_000))).toThrow(
      /more than 100 brackets and NOTs in one another at position \d+/,
    );
  });
});

describe('the index of a list', () => {
  it('keeps its order while runs close out of order and are dropped', () => {
    const index = new VisibilityIndex();
    const at = (id: number, closedAtMs?: number) =>
      index.put({ ...record, key: { ...record.key, runId: `${id}` }, startedAtMs: id, closedAtMs });
    for (const id of [1, 2, 3, 4, 5]) at(id);
    at(2, 90);
    at(4, 80);
    at(5, 90);
    index.remove('3');
    const order = [...index.from()].map((listed) => listed.record.key.runId);
    expect(order).toEqual(['1', '5', '2', '4']);
    expect(index.size).toBe(4);
  });
});
