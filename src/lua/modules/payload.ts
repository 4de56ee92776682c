/** The content of a message or of an answer: `msg:payload():data()`. */
import type { Value } from '../../core/payload.js';
import type { ObjectType } from '../module.js';

export class Payload {
  constructor(readonly values: readonly Value[]) {}

  /** What it stands for where one value is wanted (nested in a table that is sent on). */
  get first(): Value {
    return this.values[0] ?? null;
  }
}

export const payloadType: ObjectType<Payload> = {
  of: Payload,
  name: 'Payload',
  fleeting: true,
  equals: (a, b) => a.values === b.values,
  methods: {
    /** All values; a single nil where there is none, so that `tostring(p:data())` works. */
    data: (_call, self) => (self.values.length === 0 ? [null] : self.values),
  },
  plain: (self) => self.first,
};
