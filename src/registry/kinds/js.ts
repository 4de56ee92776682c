/** `process.js`: a process in JavaScript or TypeScript that was compiled to it. */
import { z } from 'zod';
import type { ProcessJsEntry } from '../entry.js';
import { commonFields, reference, text } from './fields.js';
import { defineKind } from './kind.js';
import { HOST_KINDS } from './process.js';

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
