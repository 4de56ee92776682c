import type { Value } from './payload.js';

/**
 * A process written in TypeScript, as `defineProcess` makes it. Its types say what its `main` takes and
 * returns, and flow to whoever spawns it.
 */
export interface ProcessDefinition<In extends readonly unknown[] = never, Out = unknown> {
  /** For PIDs' descriptions, events and logs; not unique. */
  readonly name: string;
  /** Called by the runtime alone, with the process's context and what the spawner gave. */
  readonly main: (context: never, ...args: In) => Out | Promise<Out>;
}

/**
 * An entry with the types of the function behind it: a workflow, a process of another module, Lua. Only the
 * compiler knows the types.
 */
export interface EntryReference<In extends readonly unknown[] = never, Out = unknown> {
  /** Id of the entry, `namespace:name`. */
  readonly entry: string;
  /** Never there: it carries the types. */
  readonly types?: (...args: In) => Out;
}

/**
 * Names an entry by its id and gives it types, so that arguments and results of `spawn` are checked.
 * @typeParam F the function behind it: `entry<typeof greet>('app:greet')`, or a signature written out.
 */
export function entry<F extends (...args: never[]) => unknown>(
  id: string,
): EntryReference<Parameters<F>, Awaited<ReturnType<F>>> {
  return { entry: id };
}

/** What can be spawned. */
export type Spawnable<In extends readonly unknown[] = never, Out = unknown> =
  | string
  | ProcessDefinition<In, Out>
  | EntryReference<In, Out>;

/** The id of the entry that is meant; `null` for a TypeScript function. */
export function entryIdOf(what: Spawnable): string | null {
  if (typeof what === 'string') return what;
  return 'main' in what ? null : what.entry;
}

/** What arrives at the other side when `T` crosses a process boundary: the same, as plain data. */
export type Sent<T> = [T] extends [undefined] ? null : T extends Value ? T : Value;
