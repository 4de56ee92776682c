/** `defineProcess`: a TypeScript function as a process that can be spawned. */
import type { ProcessDefinition } from '../core/definition.js';
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { ProcessContext } from './context.js';

/** `main` of a TypeScript process. */
export type ProcessMain<In extends readonly unknown[], Out> = (
  context: ProcessContext,
  ...args: In
) => Out | Promise<Out>;

/** `main` without its types. */
export type Body = (context: ProcessContext, ...args: unknown[]) => unknown;

/** A definition of a function whose types nobody knows (a module's export). */
export function definitionOf(main: Body, name: string): ProcessDefinition {
  return Object.freeze({ name, main });
}

/**
 * Makes a process of a function. Its arguments are what `spawn` is given, its result is what monitors
 * read, and a throw is the process's failure.
 * @param main runs as a process: its context is the way to everything else
 * @param name for events and logs. Default: the function's own name.
 * @throws PerdureError INVALID where `main` is not a function.
 */
export function defineProcess<In extends readonly unknown[], Out>(
  main: ProcessMain<In, Out>,
  name: string = main.name || 'process',
): ProcessDefinition<In, Out> {
  if (typeof main !== 'function') {
    throw new PerdureError(ErrorKind.INVALID, `defineProcess needs a function, got ${typeof main}`);
  }
  return Object.freeze({ name, main });
}
