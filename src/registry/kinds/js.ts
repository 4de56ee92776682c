/**
 * The kinds that hold JavaScript, or TypeScript that was compiled to it: `process.js`, `function.js`,
 * `workflow.js`.
 */
import { z } from 'zod';
import type { FunctionJsEntry, ProcessJsEntry, WorkflowJsEntry } from '../entry.js';
import { commonFields, reference, text } from './fields.js';
import { defineKind } from './kind.js';
import { HOST_KINDS } from './process.js';
import { activityMeta, toActivity, toWorkflow, workflowMeta } from './temporal-meta.js';

const source = z
  .string()
  .regex(/^file:\/\/.+\.m?js$/, 'expected file://NAME.js or file://NAME.mjs')
  .describe('file://PATH of an ES module, relative to this file');

export const processJs = defineKind(
  z.strictObject({
    ...commonFields('process.js'),
    source,
    method: text
      .optional()
      .describe(
        'The export to run: a function, or what defineProcess made. Default main, else default.',
      ),
    meta: z.looseObject({ default_host: reference.optional() }).optional(),
  }),
  (raw, context): ProcessJsEntry => {
    const host = raw.meta?.default_host;
    return {
      ...context.base,
      kind: 'process.js',
      source: context.source(raw.source, ['source']),
      method: raw.method ?? null,
      defaultHost:
        host === undefined
          ? null
          : context.ref(host, ['meta', 'default_host'], { kinds: HOST_KINDS }),
    };
  },
);

export const functionJs = defineKind(
  z.strictObject({
    ...commonFields('function.js'),
    source,
    method: text.optional().describe('The exported function. Default main, else default.'),
    meta: activityMeta.optional(),
  }),
  (raw, context): FunctionJsEntry => ({
    ...context.base,
    kind: 'function.js',
    source: context.source(raw.source, ['source']),
    method: raw.method ?? null,
    activity: toActivity(raw.meta?.temporal?.activity, context),
  }),
);

export const workflowJs = defineKind(
  z.strictObject({
    ...commonFields('workflow.js'),
    source: z
      .string()
      .regex(
        /^file:\/\/.+\.(m?js|ts)$/,
        'expected file://NAME.js, file://NAME.mjs or file://NAME.ts',
      )
      .describe('file://PATH of the module, relative to this file; it is bundled for the sandbox'),
    method: text.optional().describe('The exported workflow function. Default main.'),
    meta: workflowMeta,
  }),
  (raw, context): WorkflowJsEntry => ({
    ...context.base,
    kind: 'workflow.js',
    source: context.source(raw.source, ['source']),
    method: raw.method ?? 'main',
    workflow: toWorkflow(raw.meta.temporal.workflow, context),
  }),
);
