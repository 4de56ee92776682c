/** What a kind is to the loader: a schema for what is written, and how an entry is made of it. */
import type { z } from 'zod';
import type { Value } from '../../core/payload.js';
import type { Entry, EntryBase, EntryKind, LuaSource } from '../entry.js';
import { issueMessage } from '../issues.js';
import type { FieldPath } from '../problem.js';

/** What the target of a reference must be, and what the reference means. */
export interface RefRule {
  /** Kinds that the target may be of; absent with `startable`. */
  readonly kinds?: readonly EntryKind[];
  /** Any kind that is started with the app. */
  readonly startable?: boolean;
  /** Whether the target must be up before the entry starts. */
  readonly starts?: boolean;
}

/** What the making of an entry may ask of the loader. Paths are within the entry. */
export interface BuildContext {
  readonly base: EntryBase;
  /** The full id of `target`, to be checked against `rule` once all entries are known. */
  ref(target: string, path: FieldPath, rule: RefRule): string;
  /** Lua code for a `source` field. */
  source(written: string, path: FieldPath): LuaSource;
  /** Absolute path of a file named in the entry, relative to the folder of its `_index.yaml`. */
  filePath(written: string): string;
  /** `written` as data that can be sent to a process. */
  value(written: unknown, path: FieldPath): Value | undefined;
  /** Names of modules, to be checked where the loader knows them. */
  modules(names: readonly string[], path: FieldPath): void;
  problem(path: FieldPath, message: string, hint?: string): void;
  warn(path: FieldPath, message: string): void;
}

export type Parsed =
  | { readonly build: (context: BuildContext) => Entry }
  | { readonly issues: readonly z.core.$ZodIssue[] };

export interface Kind {
  readonly schema: z.ZodType;
  parse(value: unknown): Parsed;
}

/** A kind made of its schema and of the function that makes the entry of what the schema accepted. */
export function defineKind<S extends z.ZodType>(
  schema: S,
  build: (raw: z.output<S>, context: BuildContext) => Entry,
): Kind {
  return {
    schema,
    parse(value) {
      const result = schema.safeParse(value, { error: issueMessage });
      if (!result.success) return { issues: result.error.issues };
      return { build: (context) => build(result.data, context) };
    },
  };
}
