/** `channel`: channels and select, as Go has them. The rules are the kernel's (`kernel/channel.ts`). */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import { Channel, SelectCase } from '../../kernel/channel.js';
import type { Kernel } from '../../kernel/kernel.js';
import type { Answer } from '../../kernel/program.js';
import type { Selected } from '../../kernel/request.js';
import {
  type LuaModule,
  type LuaValue,
  ModuleAccess,
  type ModuleCall,
  NativeFunction,
  type ObjectType,
  Suspension,
  Use,
} from '../module.js';
import { trueOrError } from './answers.js';
import { type Args, fn, invalid, method } from './args.js';
import { itemToLua } from './event.js';

/** `value, ok`; `nil, false` from a closed channel; `nil, false, error` when the time ran out. */
function receive(kernel: Kernel, channel: Channel, timeoutMs: number | null): Suspension {
  return new Suspension({ op: 'receive', channel, timeoutMs }, (answer) => {
    if (answer.error !== null) return [null, false, answer.error];
    return [itemToLua(kernel, channel, answer.value), answer.ok];
  });
}

/** @throws PerdureError INVALID for a channel that only the runtime feeds, or a closed one. */
function assertOpen(channel: Channel, name: string): void {
  if (!channel.receiveOnly && !channel.closed) return;
  const why = channel.receiveOnly ? 'this channel can only be received from' : 'channel is closed';
  throw new PerdureError(ErrorKind.INVALID, `${name}: ${why}`);
}

const channelType: ObjectType<Channel> = {
  of: Channel,
  name: 'Channel',
  methods: {
    receive: (call, self) => receive(call.kernel, self, null),
    receive_timeout: method('channel:receive_timeout', ['timeout'], (self, args, call) => {
      return receive(call.kernel, self, args.durationMs(0));
    }),
    try_receive: (call, self) => {
      if (call.kernel.refuses('channel:try_receive')) return [];
      const polled = self.poll();
      if (polled === null) return [null, false];
      return [itemToLua(call.kernel, self, polled.value), polled.ok];
    },
    send: method('channel:send', ['value'], (self, args) => {
      assertOpen(self, 'channel:send');
      return new Suspension({ op: 'offer', channel: self, item: args.at(0) }, trueOrError);
    }),
    try_send: method('channel:try_send', ['value'], (self, args, call) => {
      if (call.kernel.refuses('channel:try_send')) return [];
      assertOpen(self, 'channel:try_send');
      return [self.offer(args.at(0))];
    }),
    close: method('channel:close', [], (self, _args, call) => {
      if (call.kernel.refuses('channel:close')) return [];
      assertOpen(self, 'channel:close');
      self.close();
      return [true];
    }),
    case_receive: (_call, self) => [self.caseReceive()],
    case_send: method('channel:case_send', ['value'], (self, args) => {
      if (self.receiveOnly) assertOpen(self, 'channel:case_send');
      return [self.caseSend(args.at(0))];
    }),
    /** For `for value in ch:iter() do`; ends when the channel is closed, or at a nil. */
    iter: (_call, self) => [new NativeFunction((call) => receive(call.kernel, self, null))],
  },
};

const selectCaseType: ObjectType<SelectCase> = {
  of: SelectCase,
  name: 'SelectCase',
  methods: {},
};

function select(args: Args, call: ModuleCall): readonly LuaValue[] | Suspension {
  const table = args.table(0);
  const orElse = table.get('default') === true;
  const cases = table.items().map((item, i) => {
    if (item instanceof SelectCase) return item;
    return args.fail(
      0,
      `must list cases (ch:case_receive(), ch:case_send(v)); item ${i + 1} is none`,
    );
  });
  if (cases.length === 0 && !orElse) {
    return invalid('channel.select: no cases and no default, so it would wait for ever');
  }
  return new Suspension({ op: 'select', cases, orElse }, (answer) => {
    return selectResults(call.kernel, answer);
  });
}

function selectResults(kernel: Kernel, answer: Answer): readonly LuaValue[] {
  if (answer.error !== null) return [null, answer.error];
  const { channel, value, ok } = answer.value as Selected;
  if (channel === null) return [{ default: true, ok: false }];
  return [{ channel, value: itemToLua(kernel, channel, value), ok, default: false }];
}

export const channelModule: LuaModule = {
  name: 'channel',
  access: ModuleAccess.BUILTIN,
  uses: [Use.LOCAL, Use.FUNCTION, Use.WORKFLOW],
  functions: {
    new: fn('channel.new', ['capacity'], (args) => [new Channel(args.wholeOr(0, 0, 0))]),
    select: fn('channel.select', ['cases'], select),
  },
  types: [channelType, selectCaseType],
};
