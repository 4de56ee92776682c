/** `funcs`: calls of functions. In a workflow a call is an activity. */
import type { CallRequest } from '../../kernel/request.js';
import {
  type LuaModule,
  ModuleAccess,
  type ModuleCall,
  type ObjectType,
  type Suspension,
  Use,
} from '../module.js';
import { ask } from './answers.js';
import { type Args, fn, method } from './args.js';
import { CallSettings } from './call-settings.js';
import { Future, futureType } from './future.js';

/** `funcs.new()`: calls with context and options of their own. Immutable: `with_*` make another one. */
class Executor {
  constructor(readonly settings: CallSettings) {}
}

function requestOf(settings: CallSettings, args: Args, call: ModuleCall): CallRequest {
  return {
    entry: args.nonEmpty(0),
    values: args.values(1),
    context: settings.contextFrom(call.kernel),
    options: settings.options,
  };
}

function callNow(settings: CallSettings, args: Args, call: ModuleCall): Suspension {
  return ask({ op: 'call', call: requestOf(settings, args, call) });
}

function callMeanwhile(settings: CallSettings, args: Args, call: ModuleCall): Future {
  return new Future(call.kernel, { op: 'call', call: requestOf(settings, args, call) });
}

const executorType: ObjectType<Executor> = {
  of: Executor,
  name: 'Executor',
  methods: {
    with_context: method('executor:with_context', ['context'], (self, args) => [
      new Executor(self.settings.withContext(args.map(0))),
    ]),
    with_options: method('executor:with_options', ['options'], (self, args) => [
      new Executor(self.settings.withOptions(args.map(0))),
    ]),
    call: method('executor:call', ['entry'], (self, args, call) =>
      callNow(self.settings, args, call),
    ),
    async: method('executor:async', ['entry'], (self, args, call) => [
      callMeanwhile(self.settings, args, call),
    ]),
  },
};

const NONE = CallSettings.NONE;

export const funcsModule: LuaModule = {
  name: 'funcs',
  access: ModuleAccess.LISTED,
  uses: [Use.LOCAL, Use.FUNCTION, Use.WORKFLOW],
  functions: {
    call: fn('funcs.call', ['entry'], (args, call) => callNow(NONE, args, call)),
    async: fn('funcs.async', ['entry'], (args, call) => [callMeanwhile(NONE, args, call)]),
    new: () => [new Executor(NONE)],
  },
  types: [executorType, futureType],
};
