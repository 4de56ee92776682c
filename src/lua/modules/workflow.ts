/** `workflow`: what only a durable workflow has. */
import type { Value } from '../../core/payload.js';
import type { Answer } from '../../kernel/program.js';
import {
  type LuaModule,
  type LuaRef,
  type LuaResult,
  type LuaValue,
  ModuleAccess,
  type ModuleFunction,
  Suspension,
  Use,
} from '../module.js';
import { ask, command } from './answers.js';
import { Args, fn } from './args.js';
import { Instant } from './instant.js';

type Info = { readonly [field: string]: Value };

/** The host says times in ms (`start_time`, `run_start_time`); Lua reads them as Time values. */
function infoToLua(info: Info): LuaValue {
  const entries = Object.entries(info).map(([field, value]): [string, LuaValue] => {
    const isTime = field.endsWith('_time') && typeof value === 'number';
    return [field, isTime ? Instant.fromMs(value) : value];
  });
  return Object.fromEntries(entries);
}

/** A function that reads the workflow's information and gives `pick` of it. */
const reader = (pick: (info: Info) => LuaValue): ModuleFunction => {
  const results = ({ value, error }: Answer): readonly LuaValue[] =>
    error === null ? [pick(value as Info)] : [null, error];
  return () => new Suspension({ op: 'workflow_info' }, results);
};

/** Runs a child workflow on its own worker and waits for its result. */
const exec = fn('workflow.exec', ['entry'], (args, call) =>
  ask({
    op: 'workflow_exec',
    entry: args.nonEmpty(0),
    values: args.values(1),
    context: call.kernel.context,
    options: {},
  }),
);

/** A replay looks for the mark of each version, from the highest on. */
const MAX_VERSION = 1000;

const version = fn('workflow.version', ['change_id', 'min_supported', 'max_supported'], (args) => {
  const change = args.nonEmpty(0);
  const min = args.whole(1, 0);
  return ask({ op: 'version', change, min, max: args.whole(2, min, MAX_VERSION) });
});

function attributes(args: Args): LuaResult {
  const table = args.table(0);
  for (const [name] of table.fields()) {
    if (name !== 'search' && name !== 'memo' && name !== 'remove') {
      return args.fail(0, 'must have the fields "search", "memo" and "remove" only', `"${name}"`);
    }
  }
  const removed = table.get('remove');
  const names =
    removed === null ? null : new Args('workflow.attrs', ['remove'], [removed]).table(0);
  return command({
    op: 'attributes',
    search: { ...part(table, 'search'), ...removals(names, 'search') },
    memo: { ...part(table, 'memo'), ...removals(names, 'memo') },
  });
}

type Fields = { readonly [name: string]: Value };

function part(table: LuaRef, name: 'search' | 'memo'): Fields {
  const field = table.get(name);
  if (field === null) return {};
  return new Args('workflow.attrs', [name], [field]).map(0);
}

/** What is to be removed has no value. */
function removals(table: LuaRef | null, name: 'search' | 'memo'): Fields {
  const field = table?.get(name) ?? null;
  if (field === null) return {};
  const args = new Args('workflow.attrs', [`remove.${name}`], [field]);
  const names = args.value(0);
  if (!Array.isArray(names) || !names.every((item) => typeof item === 'string')) {
    return args.fail(0, 'must be a list of names');
  }
  return Object.fromEntries(names.map((item) => [item, null]));
}

/** Names that Temporal's tools and perdure itself answer to. */
const RESERVED = /^(__temporal_|__stack_trace$|__enhanced_stack_trace$|perdure\.)/;

function handlerName(args: Args): string {
  const name = args.nonEmpty(0);
  if (!RESERVED.test(name)) return name;
  return args.fail(0, 'must not be a reserved name', `"${name}"`);
}

const onQuery = fn('workflow.on_query', ['name', 'fn'], (args, call) => {
  const name = handlerName(args);
  const answer = args.fun(1);
  if (call.kernel.refuses('workflow.on_query')) return [];
  call.kernel.handlers.queries.set(name, (values) => call.task(answer, values));
  return [true];
});

const onUpdate = fn('workflow.on_update', ['name', 'fn', 'validator'], (args, call) => {
  const name = handlerName(args);
  const handle = args.fun(1);
  const check = args.at(2) === null ? null : args.fun(2);
  if (call.kernel.refuses('workflow.on_update')) return [];
  call.kernel.handlers.updates.set(name, {
    run: (values) => call.task(handle, values),
    validate: check === null ? null : (values) => call.task(check, values),
  });
  return [true];
});

export const workflowModule: LuaModule = {
  name: 'workflow',
  access: ModuleAccess.LISTED,
  uses: [Use.WORKFLOW],
  functions: {
    info: reader(infoToLua),
    history_length: reader((info) => info.history_length ?? null),
    history_size: reader((info) => info.history_size ?? null),
    exec,
    call: exec,
    version,
    attrs: fn('workflow.attrs', ['attributes'], attributes),
    on_query: onQuery,
    on_update: onUpdate,
  },
};
