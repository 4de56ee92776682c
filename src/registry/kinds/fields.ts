/** Kinds of field that several schemas share, and the wording of what is wrong with them. */
import { z } from 'zod';
import { formatDuration, parseDuration } from '../../core/duration.js';
import { Secret } from '../secret.js';

/** One part of an id; kept clear of what PIDs are made of. */
export const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const REFERENCE = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/;

const DURATION_PATTERN = '^(0|((\\d+(\\.\\d*)?|\\.\\d+)(ns|us|µs|ms|s|m|h|d))+)$';

/** A duration such as `"1h30m"`, in ms. A number without a unit is an error, whatever it may have meant. */
export const duration = z
  .string({
    error: (issue) =>
      issue.input === undefined
        ? undefined
        : `a duration needs a unit, such as "10s" or "500ms"; found ${describe(issue.input)}`,
  })
  .meta({ pattern: DURATION_PATTERN, examples: ['500ms', '10s', '1h30m'] })
  .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= 0) return ms;
    context.addIssue({
      code: 'custom',
      message: `expected a duration such as "10s", "500ms" or "1h30m", found ${describe(text)}`,
    });
    return z.NEVER;
  });

/** The id of another entry, `namespace:name`, or `name` for one of the entry's own namespace. */
export const reference = z
  .string()
  .regex(REFERENCE, 'expected the id of an entry, namespace:name or name');

/** A text that no message may show. */
export const secret = z
  .string({ error: (issue) => (issue.input === undefined ? undefined : 'expected text') })
  .transform((text) => new Secret(text));

export const text = z.string().min(1);
export const count = z.number().int().min(0);
export const positiveCount = z.number().int().min(1);

/** The fields that entries of every kind have. */
export function commonFields<K extends string>(kind: K) {
  return {
    name: z.string().regex(NAME).describe('Name, unique in its namespace'),
    kind: z.literal(kind),
    meta: z.looseObject({}).optional().describe('Anything that describes the entry'),
  };
}

/** A default in the words of a description: `Default 10s.` */
export const defaultMs = (ms: number): string => `Default ${formatDuration(ms)}.`;

/** What was found, for people: `the text "abc"`, `the number 10`, `a list`. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
    case 'number':
      return `the number ${value}`;
    case 'boolean':
      return String(value);
    default:
      return 'a map';
  }
}
