/** Messages as Lua reads them: from the inbox, or from `process.listen(topic, {message = true})`. */
import { Message } from '../../core/message.js';
import type { ObjectType } from '../module.js';
import { Payload } from './payload.js';

export const messageType: ObjectType<Message> = {
  of: Message,
  name: 'Message',
  fleeting: true,
  methods: {
    topic: (_call, self) => [self.topic],
    /** The sender's PID; nil where the sender is not a process. */
    from: (_call, self) => [self.from],
    payload: (_call, self) => [new Payload(self.values)],
  },
};
