/** One `_index.yaml`: its head (`version`, `namespace`) checked, its entries told apart. */
import { z } from 'zod';
import type { EntryKind } from './entry.js';
import { findings, issueMessage } from './issues.js';
import { describe, NAME } from './kinds/fields.js';
import { isEntryKind, KIND_NAMES, kinds } from './kinds/index.js';
import { didYouMean, type FieldPath, formatPath, type Problem } from './problem.js';
import type { YamlDocument } from './yaml.js';

/** An entry as it is written, before its kind has looked at it. */
export interface WrittenEntry {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** As written; not always a kind that exists. */
  readonly kind: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly document: YamlDocument;
  /** From the root of the document. */
  readonly path: FieldPath;
}

export interface IndexFile {
  readonly entries: readonly WrittenEntry[];
  readonly problems: readonly Problem[];
}

const head = {
  version: z.literal('1.0').describe('Version of the file format'),
  namespace: z.string().regex(NAME).describe('Namespace of the entries'),
};

const file = z.strictObject({ ...head, entries: z.array(z.unknown()) });

/** The entries that can be told apart, and every problem that is not a matter of one kind. */
export function readIndexFile(document: YamlDocument): IndexFile {
  const problems: Problem[] = [];
  const result = file.safeParse(document.value, { error: issueMessage });
  for (const finding of findings(file, result.error?.issues ?? [])) {
    const { path, part, ...words } = finding;
    problems.push({
      ...document.position(path, part),
      entry: null,
      field: formatPath(path),
      ...words,
      ...(path[0] === 'version' && { hint: 'write version: "1.0", in quotes' }),
    });
  }
  const { namespace, entries } = isMap(document.value) ? document.value : {};
  if (typeof namespace !== 'string' || !NAME.test(namespace) || !Array.isArray(entries)) {
    return { entries: [], problems };
  }
  const written = entries.flatMap((value, i) => {
    const entry = tellApart(value, ['entries', i], namespace, document);
    if ('id' in entry) return [entry];
    problems.push(entry);
    return [];
  });
  return { entries: written, problems };
}

function tellApart(
  value: unknown,
  path: FieldPath,
  namespace: string,
  document: YamlDocument,
): WrittenEntry | Problem {
  const problem = (field: string | null, message: string): Problem => ({
    ...document.position(field === null ? path : [...path, field]),
    entry: null,
    field: formatPath(field === null ? path : [...path, field]),
    message,
  });
  if (!isMap(value)) return problem(null, `expected an entry (a map), found ${describe(value)}`);
  const { name, kind } = value;
  if (name === undefined) return problem('name', 'is required');
  if (typeof name !== 'string' || !NAME.test(name)) {
    return problem('name', `must be letters, digits, "_", "-" and ".", found ${describe(name)}`);
  }
  if (typeof kind !== 'string') {
    const words = kind === undefined ? 'is required' : `expected text, found ${describe(kind)}`;
    return { ...problem('kind', words), entry: `${namespace}:${name}`, field: 'kind' };
  }
  return { id: `${namespace}:${name}`, namespace, name, kind, value, document, path };
}

/** The problem of a kind that does not exist; `undefined` where it does. */
export function unknownKind(entry: WrittenEntry): Problem | undefined {
  if (isEntryKind(entry.kind)) return undefined;
  return {
    ...entry.document.position([...entry.path, 'kind']),
    entry: entry.id,
    field: 'kind',
    message: `unknown kind ${JSON.stringify(entry.kind)}`,
    hint: `kinds: ${KIND_NAMES.join(', ')}`,
    ...didYouMean(entry.kind, KIND_NAMES),
  };
}

/** JSON Schema of `_index.yaml`, for editors: made from the same schemas that check the files. */
export function registryJsonSchema(): z.core.JSONSchema.BaseSchema {
  const entry = z.union(KIND_NAMES.map((kind: EntryKind) => kinds[kind].schema));
  const schema = z.strictObject({ ...head, entries: z.array(entry) });
  return z.toJSONSchema(schema, { io: 'input', reused: 'ref' });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
