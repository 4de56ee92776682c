/** How events, and whatever else lies in a channel, look to Lua. */
import type { ProcessEvent } from '../../core/signal.js';
import type { Channel } from '../../kernel/channel.js';
import type { Kernel } from '../../kernel/kernel.js';
import type { Item } from '../../kernel/program.js';
import type { LuaValue } from '../module.js';
import { Instant } from './instant.js';

/**
 * An item of `channel` for Lua; the one place where that is decided. Messages and payloads go as they
 * are, and so does what Lua itself put in; only events change their form.
 */
export function itemToLua(kernel: Kernel, channel: Channel, item: Item): LuaValue {
  if (item === null || item === undefined) return null;
  return kernel.mailbox.isEvents(channel) ? eventToLua(item as ProcessEvent) : (item as LuaValue);
}

/** An event as a table: `kind` and `type` are the same word, `from` and `pid` the same PID. */
function eventToLua(event: ProcessEvent): LuaValue {
  const head = {
    kind: event.kind,
    type: event.kind,
    from: event.from,
    at: Instant.fromMs(event.at),
  };
  switch (event.kind) {
    case 'CANCEL': {
      const deadline = event.deadline === null ? null : Instant.fromMs(event.deadline);
      return { ...head, reason: event.reason, deadline };
    }
    case 'OUTDATED':
      return head;
    default:
      return {
        ...head,
        pid: event.from,
        result: { value: event.result.value, error: event.result.error },
      };
  }
}
