/** The kinds that hold Lua code: `process.lua`, `function.lua`, `workflow.lua`, `library.lua`. */
import { z } from 'zod';
import type {
  FunctionLuaEntry,
  LibraryLuaEntry,
  LuaCode,
  LuaProgram,
  ProcessLuaEntry,
  WorkflowLuaEntry,
} from '../entry.js';
import { commonFields, reference, text } from './fields.js';
import { type BuildContext, defineKind } from './kind.js';
import { HOST_KINDS } from './process.js';
import { activityMeta, toActivity, toWorkflow, workflowMeta } from './temporal-meta.js';

const codeFields = {
  source: text.describe('file://PATH, relative to this file, or the Lua code itself'),
  modules: z
    .array(text)
    .optional()
    .describe('The only modules it may require. Default: those without side effects.'),
  imports: z.record(text, reference).optional().describe('Name to require to a library.lua entry'),
};

const programFields = {
  ...codeFields,
  method: text.optional().describe('The function to run. Default main.'),
};

interface RawCode {
  readonly source: string;
  readonly modules?: readonly string[] | undefined;
  readonly imports?: Readonly<Record<string, string>> | undefined;
}

interface RawProgram extends RawCode {
  readonly method?: string | undefined;
  readonly meta?: { readonly default_host?: string | undefined } | undefined;
}

function toCode(raw: RawCode, context: BuildContext): LuaCode {
  context.modules(raw.modules ?? [], ['modules']);
  const imports = Object.entries(raw.imports ?? {}).map(([alias, id]) => [
    alias,
    context.ref(id, ['imports', alias], { kinds: ['library.lua'] }),
  ]);
  return {
    ...context.base,
    source: context.source(raw.source, ['source']),
    modules: raw.modules ?? null,
    imports: Object.fromEntries(imports),
  };
}

function toProgram(raw: RawProgram, context: BuildContext): LuaProgram {
  const host = raw.meta?.default_host;
  return {
    ...toCode(raw, context),
    method: raw.method ?? 'main',
    defaultHost:
      host === undefined
        ? null
        : context.ref(host, ['meta', 'default_host'], { kinds: HOST_KINDS }),
  };
}

export const processLua = defineKind(
  z.strictObject({
    ...commonFields('process.lua'),
    ...programFields,
    meta: activityMeta.optional(),
  }),
  (raw, context): ProcessLuaEntry => ({
    ...toProgram(raw, context),
    kind: 'process.lua',
    activity: toActivity(raw.meta?.temporal?.activity, context),
  }),
);

export const functionLua = defineKind(
  z.strictObject({
    ...commonFields('function.lua'),
    ...programFields,
    meta: activityMeta.optional(),
  }),
  (raw, context): FunctionLuaEntry => ({
    ...toProgram(raw, context),
    kind: 'function.lua',
    activity: toActivity(raw.meta?.temporal?.activity, context),
  }),
);

export const workflowLua = defineKind(
  z.strictObject({ ...commonFields('workflow.lua'), ...programFields, meta: workflowMeta }),
  (raw, context): WorkflowLuaEntry => ({
    ...toProgram(raw, context),
    kind: 'workflow.lua',
    workflow: toWorkflow(raw.meta.temporal.workflow, context),
  }),
);

export const libraryLua = defineKind(
  z.strictObject({ ...commonFields('library.lua'), ...codeFields }),
  (raw, context): LibraryLuaEntry => ({ ...toCode(raw, context), kind: 'library.lua' }),
);
