/**
 * `errors`: error values. `new` and `wrap` always give an error, even for arguments they cannot use:
 * `return nil, errors.new(x)` must stay a failure whatever `x` is.
 */

import {
  type ErrorDetails,
  ErrorKind,
  isPerdureError,
  PerdureError,
  parseErrorKind,
} from '../../core/errors.js';
import { copyValue } from '../../core/payload.js';
import {
  type LuaModule,
  LuaRef,
  type LuaValue,
  ModuleAccess,
  type ModuleCall,
  type ObjectType,
  Use,
} from '../module.js';
import { describe, fn, method } from './args.js';
import { toValue } from './values.js';

const errorType: ObjectType<PerdureError> = {
  of: PerdureError,
  name: 'error',
  methods: {
    kind: (_call, self) => [self.kind],
    message: (_call, self) => [self.message],
    retryable: (_call, self) => [self.retryable ?? null],
    details: method('error:details', [], (self) => [
      self.details === undefined ? null : (copyValue(self.details, 'details') as LuaValue),
    ]),
    stack: (_call, self) => [self.trace ?? null],
  },
  tostring: (self) => self.text,
  plain: (self) => copyValue(self.toData()),
};

/** `new(message)`, `new(kind, message)`, `new{kind=, message=, retryable=, details=}`. */
function make(call: ModuleCall, first: LuaValue, second: LuaValue): PerdureError {
  if (first instanceof LuaRef && first.kind === 'table') return fromTable(call, first);
  const trace = call.where();
  if (second === null) {
    return new PerdureError(ErrorKind.UNKNOWN, textOf(first), { trace });
  }
  const kind = parseErrorKind(first);
  // A kind that is none of ours is kept as text: nothing the caller wrote is lost.
  if (kind !== undefined) return new PerdureError(kind, textOf(second), { trace });
  return new PerdureError(ErrorKind.UNKNOWN, textOf(second), { trace, context: [textOf(first)] });
}

function fromTable(call: ModuleCall, table: LuaRef): PerdureError {
  const kind = table.get('kind');
  const known = kind === null ? ErrorKind.UNKNOWN : parseErrorKind(kind);
  const retryable = table.get('retryable');
  const details = table.get('details');
  return new PerdureError(known ?? ErrorKind.UNKNOWN, textOf(table.get('message')), {
    retryable: typeof retryable === 'boolean' ? retryable : undefined,
    details: details === null ? undefined : detailsOf(details),
    context: known === undefined ? [textOf(kind)] : undefined,
    trace: call.where(),
  });
}

/**
 * Details are a map; anything else that was given stays readable under `value`, and what cannot be
 * sent is named instead of losing the error over it.
 */
function detailsOf(details: LuaValue): ErrorDetails {
  try {
    const value = toValue(details, 'details');
    if (Array.isArray(value) && value.length === 0) return {};
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isMap ? (value as ErrorDetails) : { value };
  } catch (thrown) {
    return { unsendable: PerdureError.from(thrown).message };
  }
}

function textOf(value: LuaValue | undefined): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  return isPerdureError(value) ? value.text : `(${describe(value)})`;
}

const wrap = fn('errors.wrap', ['err', 'context'], (args, call) => {
  const err = args.at(0);
  if (err === null) return [null];
  const error = isPerdureError(err) ? err : make(call, err, null);
  return [error.wrap(textOf(args.at(1)))];
});

const is = fn('errors.is', ['err', 'kind'], (args) => {
  const err = args.at(0);
  const kind = parseErrorKind(args.string(1)) ?? args.fail(1, 'must be an error kind');
  return [isPerdureError(err) && err.kind === kind];
});

export const errorsModule: LuaModule = {
  name: 'errors',
  access: ModuleAccess.BUILTIN,
  uses: [Use.LOCAL, Use.FUNCTION, Use.WORKFLOW],
  functions: {
    new: (call, first = null, second = null) => [make(call, first, second)],
    wrap,
    is,
  },
  constants: ErrorKind,
  types: [errorType],
};
