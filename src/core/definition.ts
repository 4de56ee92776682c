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

/** What arrives at the other side when `T` crosses a process boundary: the same, as plain data. */
export type Sent<T> = [T] extends [undefined] ? null : T extends Value ? T : Value;
