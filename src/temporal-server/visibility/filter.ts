/**
 * What a query means: which runs it is true of. As in SQL a comparison with nothing is neither true
 * nor false, and its negation is not either; only IS NULL sees that there is nothing, and the two
 * types that hold several words, KeywordList and Text, just do not contain what is not there.
 */
import { invalid } from '../errors.js';
import { enumName, enums, pascalCase, Status } from '../proto.js';
import { type SearchAttributeType, systemAttributes } from './attributes.js';
import type { Cell, Listed, ListedFields } from './listed.js';
import {
  badExpression,
  type CompareOp,
  type Condition,
  type OrderBy,
  shownValue,
  type Value,
} from './query.js';
import type { SortKey } from './sort.js';

/** Undefined is SQL's unknown. */
type Truth = boolean | undefined;
type Test = (listed: Listed) => Truth;
type Read = (listed: Listed) => Cell;

export type CustomAttributes = ReadonlyMap<string, SearchAttributeType>;

/** The predicate of a condition; INVALID_ARGUMENT for an unknown attribute or a bad value. */
export function compile(
  condition: Condition | undefined,
  custom: CustomAttributes,
): (listed: Listed) => boolean {
  if (!condition) return () => true;
  const test = compileTest(condition, custom);
  return (listed) => test(listed) === true;
}

/** The keys of an ORDER BY; INVALID_ARGUMENT for what cannot be sorted by. */
export function sortKeys(orderBy: readonly OrderBy[], custom: CustomAttributes): SortKey[] {
  return orderBy.map(({ name, descending }) => {
    const { type, read } = attribute(name, custom);
    if (type === 'Text')
      throw badExpression(
        `unable to sort by field of Text type, use field of type Keyword: ${name}`,
      );
    return { read, descending };
  });
}

function compileTest(condition: Condition, custom: CustomAttributes): Test {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const tests = condition.of.map((each) => compileTest(each, custom));
      return all(tests, condition.kind === 'or');
    }
    case 'not': {
      const of = compileTest(condition.of, custom);
      return (r) => not(of(r));
    }
    default:
      return compileLeaf(condition, attribute(condition.name, custom));
  }
}

/** AND where `decisive` is false, OR where it is true. */
function all(tests: readonly Test[], decisive: boolean): Test {
  return (listed) => {
    let so: Truth = !decisive;
    for (const test of tests) {
      const truth = test(listed);
      if (truth === decisive) return decisive;
      if (truth === undefined) so = undefined;
    }
    return so;
  };
}

function not(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}

type Leaf = Exclude<Condition, { kind: 'and' | 'or' } | { kind: 'not' }>;

const RANGES: ReadonlySet<SearchAttributeType> = new Set(['Datetime', 'Double', 'Int', 'Keyword']);

function compileLeaf(condition: Leaf, { type, read, orOpen }: Attribute): Test {
  const { name } = condition;
  const value = (raw: Value) => literal(name, type, raw);
  const compared: Read = orOpen ? (r) => read(r) ?? Number.MAX_VALUE : read;
  switch (condition.kind) {
    case 'isNull':
      return (r) => read(r) === undefined;
    case 'startsWith': {
      if (type !== 'Keyword')
        throw unsupported('starts_with', type, name, shownValue(condition.prefix));
      const prefix = String(condition.prefix);
      return (r) => {
        const cell = read(r);
        return cell === undefined ? undefined : String(cell).startsWith(prefix);
      };
    }
    case 'in': {
      if (type === 'Text')
        throw unsupported('in', type, name, `(${condition.values.map(shownValue).join(', ')})`);
      const tests = condition.values.map((raw) => compileCompare(compared, '=', value(raw), type));
      return all(tests, true);
    }
    case 'between': {
      if (!RANGES.has(type))
        throw badExpression(
          `cannot do range condition on search attribute '${name}' of type ${type}`,
        );
      const low = compileCompare(compared, '>=', value(condition.low), type);
      const high = compileCompare(compared, '<=', value(condition.high), type);
      return all([low, high], false);
    }
    case 'compare': {
      const { op } = condition;
      if ((type === 'KeywordList' || type === 'Text') && op !== '=' && op !== '!=')
        throw unsupported(op, type, name, shownValue(condition.value));
      return compileCompare(compared, op, value(condition.value), type);
    }
  }
}

function unsupported(
  operator: string,
  type: SearchAttributeType,
  name: string,
  value: string,
): Error {
  return badExpression(
    `operator '${operator}' not supported for ${type} type search attribute in \`${name} ${operator} ${value}\``,
  );
}

function compileCompare(read: Read, op: CompareOp, wanted: Value, type: SearchAttributeType): Test {
  if (type === 'KeywordList' || type === 'Text') {
    const has = type === 'Text' ? hasWords(String(wanted)) : hasKeyword(String(wanted));
    return op === '=' ? (r) => has(read(r)) : (r) => !has(read(r));
  }
  const test = COMPARISONS[op];
  return (r) => {
    const cell = read(r);
    return cell === undefined ? undefined : test(cell as Value, wanted);
  };
}

const COMPARISONS: { readonly [op in CompareOp]: (cell: Value, wanted: Value) => boolean } = {
  '=': (cell, wanted) => cell === wanted,
  '!=': (cell, wanted) => cell !== wanted,
  '<': (cell, wanted) => cell < wanted,
  '<=': (cell, wanted) => cell <= wanted,
  '>': (cell, wanted) => cell > wanted,
  '>=': (cell, wanted) => cell >= wanted,
};

function hasKeyword(wanted: string): (cell: Cell) => boolean {
  return (cell) => Array.isArray(cell) && cell.includes(wanted);
}

/** A Text attribute matches when it holds one of the words asked for. */
function hasWords(wanted: string): (cell: Cell) => boolean {
  const words = wordsOf(wanted);
  if (words.length === 0)
    throw badExpression(
      `unexpected value for Text type search attribute (no tokens found in '${wanted}')`,
    );
  return (cell) => {
    if (cell === undefined) return false;
    const there = new Set(wordsOf(String(cell)));
    return words.some((word) => there.has(word));
  };
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}_]+/u)
    .filter((word) => word !== '');
}

interface Attribute {
  readonly type: SearchAttributeType;
  readonly read: Read;
  /** An open run counts as closed at the end of time, as in Temporal's SQL stores. */
  readonly orOpen: boolean;
}

function attribute(name: string, custom: CustomAttributes): Attribute {
  const plain = name.startsWith('Custom.') ? name.slice('Custom.'.length) : name;
  const type = custom.get(plain) ?? systemAttributes.get(plain) ?? OF_SCHEDULES.get(plain);
  if (!type) throw badExpression(`column name '${name}' is not a valid search attribute`);
  const system = plain === 'ExecutionStatus' ? statusReader() : SYSTEM[plain];
  const its = { name: plain, type, key: `${type} ${plain}` };
  const read: Read = system ? (listed) => system(listed.fields) : (listed) => listed.cell(its);
  return { type, read, orOpen: plain === 'CloseTime' };
}

/** Names each status once a query. */
function statusReader(): (r: ListedFields) => Cell {
  const names = new Map<number, string>();
  return ({ status }) => {
    const known = names.get(status);
    if (known !== undefined) return known;
    const name = statusName(status);
    names.set(status, name);
    return name;
  };
}

export function statusName(status: number): string {
  return pascalCase(enumName(Status, status, 'WORKFLOW_EXECUTION_STATUS_'));
}

/** What queries for schedules may name besides: it is no attribute of any run. */
const OF_SCHEDULES: ReadonlyMap<string, SearchAttributeType> = new Map([['ScheduleId', 'Keyword']]);
const SCHEDULE_PREFIX = 'temporal-sys-scheduler:';

const SYSTEM: { readonly [name: string]: ((r: ListedFields) => Cell) | undefined } = {
  WorkflowId: (r) => r.key.workflowId,
  ScheduleId: ({ key: { workflowId } }) =>
    workflowId.startsWith(SCHEDULE_PREFIX) ? workflowId.slice(SCHEDULE_PREFIX.length) : undefined,
  RunId: (r) => r.key.runId,
  WorkflowType: (r) => r.workflowType,
  TaskQueue: (r) => r.taskQueue,
  StartTime: (r) => r.startedAtMs,
  ExecutionTime: (r) => r.executionAtMs,
  CloseTime: (r) => r.closedAtMs,
  ExecutionDuration: (r) =>
    r.closedAtMs === undefined ? undefined : (r.closedAtMs - r.executionAtMs) * 1e6,
  HistoryLength: (r) => (r.closedAtMs === undefined ? undefined : r.historyLength),
  HistorySizeBytes: (r) => (r.closedAtMs === undefined ? undefined : r.historySizeBytes),
  StateTransitionCount: (r) => (r.closedAtMs === undefined ? undefined : r.stateTransitions),
  ParentWorkflowId: (r) => r.parent?.workflowId,
  ParentRunId: (r) => r.parent?.runId,
  RootWorkflowId: (r) => r.root.workflowId,
  RootRunId: (r) => r.root.runId,
};

/** A literal of the query as the attribute's type takes it. */
function literal(name: string, type: SearchAttributeType, raw: Value): Value {
  if (name === 'ExecutionStatus') return statusLiteral(raw);
  if (name === 'ExecutionDuration') return durationLiteral(raw);
  switch (type) {
    case 'Datetime':
      return datetimeLiteral(raw);
    case 'Int':
    case 'Double': {
      const number = typeof raw === 'boolean' ? Number.NaN : Number(raw);
      if (Number.isNaN(number))
        throw badExpression(`invalid value for search attribute ${name} of type ${type}: '${raw}'`);
      return number;
    }
    case 'Bool':
      if (typeof raw === 'boolean') return raw;
      if (raw === 'true' || raw === 'false') return raw === 'true';
      throw badExpression(`invalid value for search attribute ${name} of type Bool: '${raw}'`);
    default:
      return String(raw);
  }
}

function statusLiteral(raw: Value): string {
  const byNumber = typeof raw === 'number' && enums.WorkflowExecutionStatus[raw];
  if (byNumber) return statusName(raw);
  const named = Object.values(Status)
    .filter((value): value is number => typeof value === 'number' && value > 0)
    .map(statusName)
    .find((name) => name.toLowerCase() === String(raw).toLowerCase());
  if (!named) throw badExpression(`invalid ExecutionStatus value '${raw}'`);
  return named;
}

/** An RFC 3339 time, or nanoseconds since the epoch. */
function datetimeLiteral(raw: Value): number {
  if (typeof raw === 'number') return raw / 1e6;
  const ms = Date.parse(String(raw));
  if (Number.isNaN(ms)) throw badExpression(`unable to parse datetime '${raw}'`);
  return ms;
}

const UNIT_NS: { readonly [unit: string]: number } = {
  h: 3.6e12,
  m: 6e10,
  s: 1e9,
  ms: 1e6,
  us: 1e3,
  ns: 1,
};

/** Nanoseconds, a Go duration, or hh:mm:ss. */
function durationLiteral(raw: Value): number {
  if (typeof raw === 'number') return raw;
  const text = String(raw);
  const clock = /^(\d+):(\d+):(\d+)$/.exec(text);
  if (clock) return (Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3])) * 1e9;
  if (!/^(\d+(\.\d+)?(h|ms|us|ns|m|s))+$/.test(text))
    throw invalid(
      `invalid query: invalid value for search attribute ExecutionDuration: ${raw} (invalid duration)`,
    );
  let total = 0;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(h|ms|us|ns|m|s)/g))
    total += Number(amount) * (UNIT_NS[unit ?? ''] ?? 0);
  return total;
}
