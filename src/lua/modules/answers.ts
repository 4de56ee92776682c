/** Turning answers of the kernel into results of Lua functions. */
import type { Answer } from '../../kernel/program.js';
import type { Request } from '../../kernel/request.js';
import { type LuaValue, Suspension } from '../module.js';

/** What was asked for; `nil, error` when it failed. */
export function valueOrError(answer: Answer): readonly LuaValue[] {
  return answer.error === null ? [(answer.value ?? null) as LuaValue] : [null, answer.error];
}

/** `true`; `nil, error` when it failed. */
export function trueOrError(answer: Answer): readonly LuaValue[] {
  return answer.error === null ? DONE : [null, answer.error];
}

const DONE: readonly LuaValue[] = Object.freeze([true]);

/** Asks, and gives Lua what was asked for. */
export function ask(request: Request): Suspension {
  return new Suspension(request, valueOrError);
}

/** Asks, and tells Lua only whether it was done. */
export function command(request: Request): Suspension {
  return new Suspension(request, trueOrError);
}
