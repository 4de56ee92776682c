/** `logger`: structured log lines. Works with a dot and with a colon (`logger:info(...)`). */
import type { Value } from '../../core/payload.js';
import { LogLevel } from '../../kernel/syscalls.js';
import {
  type LuaModule,
  LuaRef,
  type LuaValue,
  ModuleAccess,
  type ModuleCall,
  type ModuleFunction,
  type ObjectType,
  Use,
} from '../module.js';
import { type Args, fn, method } from './args.js';

/** Fields and a name that go with every line. Immutable: `with` and `named` make another one. */
class Logger {
  constructor(
    readonly name: string | null,
    readonly fields: { readonly [name: string]: Value },
  ) {}

  with(fields: { readonly [name: string]: Value }): Logger {
    return new Logger(this.name, { ...this.fields, ...fields });
  }

  named(name: string): Logger {
    return new Logger(this.name === null ? name : `${this.name}.${name}`, this.fields);
  }

  write(level: LogLevel, args: Args, call: ModuleCall): readonly LuaValue[] {
    const fields = {
      ...(this.name !== null && { logger: this.name }),
      ...this.fields,
      ...args.mapOrNull(1),
    };
    const message = args.string(0);
    call.kernel.syscalls.log(level, message, Object.keys(fields).length === 0 ? null : fields);
    return [true];
  }
}

const ROOT = new Logger(null, {});

const LINE = ['message', 'fields'];

/** With a colon the module's own table comes first; it is no message, so it can be told and left out. */
const root = (
  name: string,
  params: readonly string[],
  body: (args: Args, call: ModuleCall) => readonly LuaValue[],
): ModuleFunction => {
  const run = fn(name, params, body);
  return (call, ...list) => {
    const [first, ...rest] = list;
    const colon = first instanceof LuaRef && first.kind === 'table' && first.get('info') !== null;
    return run(call, ...(colon ? rest : list));
  };
};

const rootLine = (level: LogLevel): ModuleFunction =>
  root(`logger.${level}`, LINE, (args, call) => ROOT.write(level, args, call));

const line = (level: LogLevel) =>
  method<Logger>(`logger:${level}`, LINE, (self, args, call) => self.write(level, args, call));

const loggerType: ObjectType<Logger> = {
  of: Logger,
  name: 'Logger',
  methods: {
    debug: line(LogLevel.DEBUG),
    info: line(LogLevel.INFO),
    warn: line(LogLevel.WARN),
    error: line(LogLevel.ERROR),
    with: method('logger:with', ['fields'], (self, args) => [self.with(args.map(0))]),
    named: method('logger:named', ['name'], (self, args) => [self.named(args.nonEmpty(0))]),
  },
};

export const loggerModule: LuaModule = {
  name: 'logger',
  access: ModuleAccess.SAFE,
  uses: [Use.LOCAL, Use.FUNCTION, Use.WORKFLOW],
  functions: {
    debug: rootLine(LogLevel.DEBUG),
    info: rootLine(LogLevel.INFO),
    warn: rootLine(LogLevel.WARN),
    error: rootLine(LogLevel.ERROR),
    with: root('logger.with', ['fields'], (args) => [ROOT.with(args.map(0))]),
    named: root('logger.named', ['name'], (args) => [ROOT.named(args.nonEmpty(0))]),
  },
  types: [loggerType],
};
