/** What a schema found wrong, as problems: in words for people, each at its own place. */
import { z } from 'zod';
import { describe } from './kinds/fields.js';
import { didYouMean, type FieldPath } from './problem.js';

/** A finding about one field, before it is given a file and a line. */
export interface Finding {
  readonly path: FieldPath;
  /** Whether the key itself is wrong, and not its value. */
  readonly part: 'key' | 'value';
  readonly message: string;
  readonly hint?: string;
}

const TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'a map'],
  ['record', 'a map'],
]);

/** The words for one zod issue; given to every parse, so that zod's own are never seen. */
export function issueMessage(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is required';
      return `expected ${TYPE_NAMES.get(issue.expected) ?? issue.expected}, found ${describe(issue.input)}`;
    case 'invalid_value':
      if (issue.input === undefined) return 'is required';
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}, found ${describe(issue.input)}`;
    case 'too_small':
      if (issue.origin === 'string') return 'must not be empty';
      return `must be at least ${issue.minimum}, found ${describe(issue.input)}`;
    case 'too_big':
      return `must be at most ${issue.maximum}, found ${describe(issue.input)}`;
    case 'invalid_format':
      return `must be letters, digits, "_", "-" and ".", found ${describe(issue.input)}`;
    default:
      return undefined;
  }
}

/** The findings of a parse with `schema`; an unknown field becomes one finding of its own. */
export function findings(schema: z.ZodType, issues: readonly z.core.$ZodIssue[]): Finding[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'unrecognized_keys') {
      const known = fieldsAt(schema, path);
      return issue.keys.map((key) => unknownField([...path, key], key, known));
    }
    return [{ path, part: 'value' as const, message: issue.message }];
  });
}

function unknownField(path: FieldPath, key: string, known: readonly string[]): Finding {
  const hint = { hint: `known here: ${known.join(', ')}`, ...didYouMean(key, known) };
  return { path, part: 'key', message: 'unknown field', ...hint };
}

/** The fields that `schema` knows at `path`. */
function fieldsAt(schema: z.ZodType, path: FieldPath): string[] {
  let at: z.core.$ZodType | undefined = schema;
  for (const part of path) {
    const inner = unwrap(at);
    if (inner instanceof z.ZodObject) at = inner.shape[part];
    else if (inner instanceof z.ZodArray) at = inner.element;
    else return [];
  }
  const inner = unwrap(at);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  return schema;
}
