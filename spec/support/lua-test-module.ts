/** A module for specs of the engine: it waits, echoes, throws, and makes host objects. */
import { PerdureError } from '../../src/core/errors.js';
import { Channel } from '../../src/kernel/channel.js';
import {
  type LuaModule,
  type LuaRef,
  type LuaValue,
  NativeFunction,
  type ObjectType,
  Suspension,
} from '../../src/lua/module.js';
import { luaModule } from './lua.js';

/** A host object with arithmetic, order, fields and methods. */
class Amount {
  constructor(readonly cents: number) {}
}

const centsOf = (value: LuaValue): number =>
  value instanceof Amount ? value.cents : Number(value) * 100;

const amountType: ObjectType<Amount> = {
  of: Amount,
  name: 'amount',
  methods: {
    cents: (_call, self) => [self.cents],
    plus: (_call, self, other) => [new Amount(self.cents + centsOf(other ?? 0))],
    later: (_call, self, ms) =>
      new Suspension({ op: 'sleep', delayMs: Number(ms) }, () => [self.cents]),
  },
  field: (self, key) => (key === 'euros' ? Math.floor(self.cents / 100) : undefined),
  tostring: (self) => `${(self.cents / 100).toFixed(2)} EUR`,
  plain: (self) => ({ cents: self.cents }),
  equals: (a, b) => a.cents === b.cents,
  less: (a, b) => a.cents < b.cents,
  add: (a, b) => new Amount(centsOf(a) + centsOf(b)),
  subtract: (a, b) => new Amount(centsOf(a) - centsOf(b)),
};

/** A host object that cannot be sent. */
class Handle {}

const handleType: ObjectType<Handle> = { of: Handle, name: 'handle', methods: {} };

/** A host object that programs mostly see once. */
class Ticket {}

const ticketType: ObjectType<Ticket> = { of: Ticket, name: 'ticket', fleeting: true, methods: {} };

/** What no module declares. */
class Stranger {}

export interface TestModule extends LuaModule {
  readonly channel: Channel;
}

export function luaTestModule(): TestModule {
  const channel = new Channel(100);
  const handle = new Handle();
  const ticket = new Ticket();
  const sleep = (ms: LuaValue | undefined): Suspension =>
    new Suspension({ op: 'sleep', delayMs: Number(ms) }, () => ['slept', Number(ms)]);
  const module = luaModule({
    name: 'test',
    types: [amountType, handleType, ticketType],
    functions: {
      sleep: (_call, ms) => sleep(ms),
      /** Waits twice for one call. */
      sleep_twice: (_call, ms) =>
        new Suspension({ op: 'sleep', delayMs: Number(ms) }, () => sleep(ms)),
      receive: () =>
        new Suspension({ op: 'receive', channel, timeoutMs: null }, (answer) => [
          answer.value as LuaValue,
          answer.ok,
        ]),
      poll: () =>
        new Suspension({ op: 'receive', channel, timeoutMs: 0 }, (answer) => [
          answer.value as LuaValue,
          answer.error,
        ]),
      put: (_call, ...items) => {
        for (const item of items) channel.offer(item);
        return [];
      },
      echo: (_call, ...args) => args,
      count: (_call, ...args) => [args.length],
      kind: (_call, ref) => [(ref as LuaRef).kind],
      plain: (_call, ref) => [(ref as LuaRef).toValue('payload') as LuaValue],
      get: (_call, ref, key) => [(ref as LuaRef).get(String(key))],
      items: (_call, ref) => [(ref as LuaRef).items()],
      fields: (_call, ref) => [(ref as LuaRef).fields().map(([key]) => key)],
      where: (call) => [call.where()],
      spawn: (call, fn, ...args) =>
        new Suspension({ op: 'fork', task: call.task(fn as LuaRef, args) }, () => []),
      amount: (_call, cents) => [new Amount(Number(cents))],
      handle: () => [handle],
      ticket: () => [ticket],
      nested: () => [{ list: [new Amount(1), { deep: new Amount(2) }], none: null }],
      stranger: () => [new Stranger()],
      error: (_call, kind, message) => [new PerdureError(kind as 'INVALID', String(message))],
      throw: (_call, kind, message) => {
        throw new PerdureError(kind as 'INVALID', String(message));
      },
      crash: () => {
        throw new TypeError('not a function');
      },
      iterator: (_call, last) => {
        let n = 0;
        return [new NativeFunction(() => (n < Number(last) ? [++n] : [null]))];
      },
      waiting_iterator: (_call, last) => {
        let n = 0;
        return [
          new NativeFunction(
            () =>
              new Suspension({ op: 'sleep', delayMs: 1 }, () =>
                n < Number(last) ? [++n] : [null],
              ),
          ),
        ];
      },
    },
    constants: { limits: { small: 1 }, double: new NativeFunction((_call, n) => [Number(n) * 2]) },
  });
  return { ...module, channel };
}
