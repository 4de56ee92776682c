/** Runs as lists show them, and queries for them, from a seed. */
import type { PayloadMap } from '../../../src/temporal-server/proto.js';
import type { SearchAttributeType } from '../../../src/temporal-server/visibility/attributes.js';
import type { VisibilityRecord } from '../../../src/temporal-server/visibility/record.js';
import type { Random } from '../simulation/random.js';

const NAMES = ['Score', 'Rate', 'Owner', 'Tags', 'Note', 'Due', 'Vip'] as const;
const TYPES: readonly SearchAttributeType[] = [
  'Int',
  'Double',
  'Keyword',
  'KeywordList',
  'Text',
  'Datetime',
  'Bool',
];
const WORDS = ['', 'red', 'blue', 'Ünïcode', 'a much longer word of some runs'] as const;
const INSTANTS = [0, 1, 2.5, 1000, 86_400_000] as const;

/** What the attributes of a namespace are: now and then not what they were when they were set. */
export function randomTypes(random: Random): ReadonlyMap<string, SearchAttributeType> {
  return new Map(
    NAMES.map((name, i) => [
      name,
      random.chance(0.9) ? (TYPES[i] as SearchAttributeType) : random.pick(TYPES),
    ]),
  );
}

export function randomRun(random: Random, workflowId: string): VisibilityRecord {
  const key = { namespace: 'default', workflowId, runId: random.id() };
  const startedAtMs = random.pick(INSTANTS) + random.between(0, 3);
  const parent = { workflowId: `w-${random.between(0, 9)}`, runId: random.id() };
  const isChild = random.chance(0.3);
  return {
    key,
    workflowType: random.pick(WORDS),
    taskQueue: random.pick(WORDS),
    status: 1,
    startedAtMs,
    executionAtMs: startedAtMs + random.between(0, 2),
    closedAtMs: undefined,
    historyLength: 3,
    historySizeBytes: random.between(1, 500),
    stateTransitions: 2,
    memo: random.chance(0.2) ? { note: json('remember') } : {},
    searchAttributes: randomAttributes(random),
    parent: isChild ? parent : undefined,
    root: isChild ? parent : { workflowId, runId: key.runId },
  };
}

export function closedRun(random: Random, run: VisibilityRecord): VisibilityRecord {
  return {
    ...run,
    status: random.between(2, 7),
    closedAtMs: run.startedAtMs + random.pick(INSTANTS),
    historyLength: random.between(3, 9),
    stateTransitions: random.between(3, 9),
  };
}

export function randomAttributes(random: Random): PayloadMap {
  const names = NAMES.filter(() => random.chance(0.4));
  return Object.fromEntries(names.map((name) => [name, randomPayload(random)]));
}

function randomPayload(random: Random) {
  if (random.chance(0.05)) return { data: new Uint8Array() };
  const one = random.chance(0.15) ? [randomValue(random)] : randomValue(random);
  return json(random.chance(0.15) ? [randomValue(random), randomValue(random)] : one);
}

function randomValue(random: Random): unknown {
  return random.pick([
    random.between(-3, 3),
    random.between(-3, 3),
    0.5,
    random.pick(WORDS),
    random.pick(WORDS),
    random.chance(0.5),
    null,
    new Date(random.pick(INSTANTS)).toISOString(),
  ]);
}

const json = (value: unknown) => ({ data: Buffer.from(JSON.stringify(value)) });

/** A query with its ORDER BY; some of them are refused, by the types that they are about. */
export function randomQuery(random: Random): string {
  const order = random.chance(0.3) ? ` ORDER BY ${randomName(random)}${descending(random)}` : '';
  return `${condition(random, 3)}${order}`;
}

const descending = (random: Random) => (random.chance(0.5) ? ' DESC' : '');

function condition(random: Random, depth: number): string {
  if (depth === 0 || random.chance(0.4)) return leaf(random);
  if (random.chance(0.3)) return `NOT (${condition(random, depth - 1)})`;
  const both = random.chance(0.5) ? 'AND' : 'OR';
  return `(${condition(random, depth - 1)} ${both} ${condition(random, depth - 1)})`;
}

const SYSTEM = [
  'WorkflowId',
  'WorkflowType',
  'TaskQueue',
  'ExecutionStatus',
  'StartTime',
  'ExecutionTime',
  'CloseTime',
  'ExecutionDuration',
  'HistoryLength',
  'HistorySizeBytes',
  'StateTransitionCount',
  'ParentWorkflowId',
  'ParentRunId',
  'RootWorkflowId',
  'RootRunId',
] as const;

function randomName(random: Random): string {
  return random.chance(0.5) ? random.pick(SYSTEM) : random.pick(NAMES);
}

function leaf(random: Random): string {
  const name = randomName(random);
  const value = () => literal(random, name);
  const not = random.chance(0.2) ? 'NOT ' : '';
  return random.pick([
    () => `${name} ${random.pick(['=', '=', '!=', '<', '<=', '>', '>='])} ${value()}`,
    () => `${name} ${random.pick(['=', '=', '!=', '<', '<=', '>', '>='])} ${value()}`,
    () => `${name} ${not}IN (${value()}, ${value()})`,
    () => `${name} ${not}BETWEEN ${value()} AND ${value()}`,
    () => `${name} ${not}STARTS_WITH ${value()}`,
    () => `${name} IS ${not}NULL`,
  ])();
}

function literal(random: Random, name: string): string {
  if (name === 'ExecutionStatus')
    return random.pick(["'Running'", "'Completed'", "'Failed'", "'TimedOut'"]);
  if (name.endsWith('Time') || name === 'Due')
    return `'${new Date(random.pick(INSTANTS)).toISOString()}'`;
  if (/^(Score|Rate|History|State|ExecutionDuration)/.test(name))
    return `${random.between(-3, 300)}`;
  if (name === 'Vip') return random.pick(['true', 'false']);
  if (name.endsWith('WorkflowId')) return `'w-${random.between(0, 9)}'`;
  return `'${random.pick(WORDS).split(' ')[0]}'`;
}
