/** What a query means: which runs it is true of. */
import { enumName, enums, type Payload, pascalCase, Status } from '../proto.js';
import { type SearchAttributeType, systemAttributes } from './attributes.js';
import { badExpression, type CompareOp, type Condition, type Value } from './query.js';
import type { VisibilityRecord } from './record.js';

type Predicate = (record: VisibilityRecord) => boolean;
/** A value as it is compared: datetimes are milliseconds. */
type Cell = Value | readonly string[] | undefined;
type Read = (record: VisibilityRecord) => Cell;

export type CustomAttributes = ReadonlyMap<string, SearchAttributeType>;

/** The predicate of a condition; INVALID_ARGUMENT for an unknown attribute or a bad value. */
export function compile(condition: Condition, custom: CustomAttributes): Predicate {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const left = compile(condition.left, custom);
      const right = compile(condition.right, custom);
      return condition.kind === 'and' ? (r) => left(r) && right(r) : (r) => left(r) || right(r);
    }
    case 'not': {
      const of = compile(condition.of, custom);
      return (r) => !of(r);
    }
    default:
      return compileLeaf(condition, attribute(condition.name, custom));
  }
}

type Leaf = Exclude<Condition, { kind: 'and' | 'or' } | { kind: 'not' }>;

function compileLeaf(condition: Leaf, { type, read }: Attribute): Predicate {
  const value = (raw: Value) => literal(condition.name, type, raw);
  switch (condition.kind) {
    case 'isNull':
      return (r) => read(r) === undefined;
    case 'startsWith': {
      const prefix = String(condition.prefix);
      if (type !== 'Keyword')
        throw badExpression(
          `operator 'starts_with' is not supported for ${type} attribute ${condition.name}`,
        );
      return (r) => String(read(r) ?? '').startsWith(prefix) && read(r) !== undefined;
    }
    case 'in': {
      const wanted = condition.values.map(value);
      return (r) => wanted.some((each) => compare(read(r), '=', each, type));
    }
    case 'between': {
      const low = value(condition.low);
      const high = value(condition.high);
      return (r) => compare(read(r), '>=', low, type) && compare(read(r), '<=', high, type);
    }
    case 'compare': {
      const wanted = value(condition.value);
      const { op } = condition;
      return (r) => compare(read(r), op, wanted, type);
    }
  }
}

function compare(cell: Cell, op: CompareOp, wanted: Value, type: SearchAttributeType): boolean {
  if (cell === undefined) return false;
  if (op === '!=') return !compare(cell, '=', wanted, type);
  if (Array.isArray(cell)) return op === '=' && cell.includes(String(wanted));
  if (type === 'Text') return op === '=' && hasWords(String(cell), String(wanted));
  const one = cell as Value;
  switch (op) {
    case '=':
      return one === wanted;
    case '<':
      return one < wanted;
    case '<=':
      return one <= wanted;
    case '>':
      return one > wanted;
    case '>=':
      return one >= wanted;
  }
}

/** A Text attribute matches when it holds one of the words asked for. */
function hasWords(text: string, wanted: string): boolean {
  const words = new Set(text.toLowerCase().split(/\W+/));
  return wanted
    .toLowerCase()
    .split(/\W+/)
    .some((word) => word !== '' && words.has(word));
}

interface Attribute {
  readonly type: SearchAttributeType;
  readonly read: Read;
}

function attribute(name: string, custom: CustomAttributes): Attribute {
  const plain = name.startsWith('Custom.') ? name.slice('Custom.'.length) : name;
  const type = custom.get(plain) ?? systemAttributes.get(plain);
  if (!type) throw badExpression(`column name '${name}' is not a valid search attribute`);
  const read = SYSTEM[plain] ?? ((r: VisibilityRecord) => decode(r.searchAttributes[plain], type));
  return { type, read };
}

export function statusName(status: number): string {
  return pascalCase(enumName(Status, status, 'WORKFLOW_EXECUTION_STATUS_'));
}

const SYSTEM: { readonly [name: string]: Read } = {
  WorkflowId: (r) => r.key.workflowId,
  RunId: (r) => r.key.runId,
  WorkflowType: (r) => r.workflowType,
  TaskQueue: (r) => r.taskQueue,
  ExecutionStatus: (r) => statusName(r.status),
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

/** The value of a custom attribute. A payload that cannot be read is as good as none. */
function decode(payload: Payload | undefined, type: SearchAttributeType): Cell {
  if (!payload?.data || payload.data.length === 0) return undefined;
  const parsed = JSON.parse(Buffer.from(payload.data).toString()) as unknown;
  if (parsed === null) return undefined;
  if (type === 'KeywordList') return (Array.isArray(parsed) ? parsed : [parsed]).map(String);
  const one: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (one === undefined) return undefined;
  return type === 'Datetime' ? Date.parse(String(one)) : (one as Value);
}

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
    throw badExpression(`invalid value for search attribute ExecutionDuration: '${raw}'`);
  let total = 0;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(h|ms|us|ns|m|s)/g))
    total += Number(amount) * (UNIT_NS[unit ?? ''] ?? 0);
  return total;
}
