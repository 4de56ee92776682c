/** What a TypeScript program may say when it starts a process, and its form on the way to a host. */
import { ErrorKind, PerdureError } from './errors.js';
import { copyValue, type Value } from './payload.js';
import { type Context, EMPTY_CONTEXT } from './signal.js';

export interface SpawnOptions<In extends readonly unknown[] = readonly unknown[]> {
  /** Registry id of the host; left out, the entry's own choice (see `docs/semantics.md`). */
  readonly host?: string;
  /** Arguments of `main`. Copied by the payload rules. */
  readonly args?: In;
  /** A name that is taken gives the process that has it. */
  readonly name?: string;
  /** Delivered before any other message. */
  readonly messages?: readonly { readonly topic: string; readonly values: readonly unknown[] }[];
  /** What the process reads by `ctx.get`. */
  readonly context?: { readonly [key: string]: unknown };
  /** Options of the host (`temporal.workflow.id`, ...). */
  readonly options?: { readonly [name: string]: unknown };
}

/** {@link SpawnOptions} with everything copied and present. */
export interface SpawnParts {
  readonly values: readonly Value[];
  readonly name: string | null;
  readonly messages: readonly { readonly topic: string; readonly values: readonly Value[] }[];
  readonly context: Context;
  readonly options: Context;
}

/**
 * @param inherited the spawner's own context, which `options.context` comes on top of
 * @throws PerdureError INVALID naming what cannot be sent.
 */
export function spawnParts(options: SpawnOptions, inherited: Context = EMPTY_CONTEXT): SpawnParts {
  const { messages, context } = options;
  return {
    values: copyValues(options.args ?? NONE, 'args'),
    name: options.name ?? null,
    messages:
      messages?.map(({ topic, values }) => ({
        topic,
        values: copyValues(values, `messages.${topic}`),
      })) ?? NONE,
    context: context === undefined ? inherited : { ...inherited, ...copyMap(context, 'context') },
    options: options.options === undefined ? EMPTY_CONTEXT : copyMap(options.options, 'options'),
  };
}

/** Every value copied by the payload rules. @throws PerdureError INVALID naming the path, `args[2].fn`. */
export function copyValues(values: readonly unknown[], path: string): readonly Value[] {
  return values.length === 0 ? NONE : copyOwnValues(values.slice(), path);
}

/** The same, in a list that is the caller's to give away. */
export function copyOwnValues(values: unknown[], path: string): readonly Value[] {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!isScalar(value)) values[i] = copyValue(value, `${path}[${i + 1}]`);
  }
  return values as Value[];
}

const NONE: readonly never[] = Object.freeze([]);

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function copyMap(map: { readonly [key: string]: unknown }, path: string): Context {
  const copied = copyValue(map, path);
  if (copied === null || typeof copied !== 'object' || Array.isArray(copied)) {
    throw new PerdureError(ErrorKind.INVALID, `${path} must be a map with string keys`);
  }
  return copied as Context;
}
