/**
 * Turns off the stack trace that the SDK takes of every promise in a sandbox. It serves the SDK's own
 * stack trace query, where it would name lines of this bundle, none of the Lua source; and it was two thirds
 * of the time of a replay.
 *
 * The SDK's promise hook reaches into the sandbox through `promise.constructor.constructor`, the
 * constructor of functions, with the text of what it wants to have. It goes without a stack where the
 * error that it makes has none.
 */

/** The texts by which the hook asks. An SDK that asks by others gets what it would get anyway. */
const ERROR = 'return globalThis.Error';
const ACTIVATOR = 'return globalThis.__TEMPORAL_ACTIVATOR__';

class WithoutStack {
  readonly stack = undefined;
}

function answer(text: string): () => unknown {
  if (text === ERROR) return () => WithoutStack;
  if (text === ACTIVATOR) return activator;
  return new Function(text) as () => unknown;
}

// Also looked up for each promise, so without the compiler that the text would go through.
const activator = (): unknown =>
  (globalThis as { __TEMPORAL_ACTIVATOR__?: unknown }).__TEMPORAL_ACTIVATOR__;

// Before any workflow: afterwards the built-ins are frozen.
Object.defineProperty(Promise, 'constructor', { value: answer });
