/**
 * Numbers that the loop compares with, as constants of their own: V8 knows their values, those of fengari's
 * tables it would look up. A spec holds them against fengari's.
 */

/** `type` of a value. */
export const NIL = 0;
export const BOOLEAN = 1;
export const LIGHT = 2;
export const FLOAT = 3;
export const STRING = 20;
export const TABLE = 5;
export const CLOSURE = 6;
export const NATIVE = 22;

/** `type & BASIC` of the two kinds of number, and of strings. */
export const BASIC = 15;
export const NUMBER = 3;
export const TEXT = 4;
export const FUNCTION = 6;

/** Flags of `CallInfo.callstatus`. */
export const IS_LUA = 1 << 1;
/** The loop that runs the call ends with it. */
export const FRESH = 1 << 3;
/** A library function that catches errors of what it called (`pcall`). */
export const CATCHES = 1 << 4;
export const TAIL_CALLED = 1 << 5;
/** Interrupted by the count hook, before its next instruction. */
export const INTERRUPTED = 1 << 6;
/** `a <= b` asks `not (b < a)`. */
export const NEGATED = 1 << 7;

/** `status` of a thread, and of what ran. */
export const OK = 0;
export const YIELD = 1;
export const ERROR = 2;
export const ERROR_IN_HANDLER = 6;
/** A JavaScript exception that even the handler for those could not make an error of. */
export const BROKEN = -1;

export const ALL = -1;
