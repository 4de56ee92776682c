/** `process`: everything a process does with other processes, and with itself. */
import { parseDuration } from '../../core/duration.js';
import { isPid, parsePid } from '../../core/pid.js';
import { EventKind } from '../../core/signal.js';
import { Channel } from '../../kernel/channel.js';
import {
  type LuaModule,
  type LuaResult,
  type LuaValue,
  ModuleAccess,
  type ModuleCall,
  type ModuleFunction,
  NativeFunction,
  Use,
} from '../module.js';
import { ask, command } from './answers.js';
import { type Args, durationNs, fn, notFound } from './args.js';
import { messageType } from './message.js';
import { payloadType } from './payload.js';
import { SPAWN_PARAMS, Spawner, SpawnMode, spawn, spawnerType, topicOf } from './spawner.js';

/** A smaller number was meant to be milliseconds or seconds, and would end the process at once. */
const SHORTEST_NUMBER_NS = 1e6;

/** A PID or a registered name. What begins as a PID does must be one: a name never begins with `{`. */
function targetOf(args: Args, i: number): string {
  const target = args.nonEmpty(i);
  if (!target.startsWith('{') || isPid(target)) return target;
  return args.fail(i, 'must be a PID such as {app:host|id}, or a name', `"${target}"`);
}

const send = fn('process.send', ['target', 'topic'], (args) =>
  command({
    op: 'send',
    target: targetOf(args, 0),
    topic: topicOf(args, 1),
    values: args.values(2),
  }),
);

const starter = (name: keyof typeof SpawnMode): ModuleFunction =>
  fn(`process.${name}`, SPAWN_PARAMS, (args, call) =>
    spawn(SpawnMode[name], Spawner.PLAIN, args, call),
  );

const onPid = (op: 'monitor' | 'unmonitor' | 'link' | 'unlink'): ModuleFunction =>
  fn(`process.${op}`, ['pid'], (args) => command({ op, pid: targetOf(args, 0) }));

const terminate = fn('process.terminate', ['pid', 'reason'], (args) =>
  command({ op: 'terminate', pid: targetOf(args, 0), reason: args.stringOr(1, null) }),
);

/**
 * `cancel(pid, deadline_or_reason, reason)`: a text that is a duration is the deadline, any other text is
 * the reason; a bare number is nanoseconds, as in the `time` module.
 */
const cancel = fn('process.cancel', ['pid', 'deadline or reason', 'reason'], (args) => {
  const second = args.at(1);
  const isReason = typeof second === 'string' && parseDuration(second) === undefined;
  return command({
    op: 'cancel',
    pid: targetOf(args, 0),
    reason: isReason ? second : args.stringOr(2, null),
    deadlineMs: isReason || second === null ? null : Math.max(0, deadlineMs(args)),
  });
});

function deadlineMs(args: Args): number {
  const given = args.at(1);
  const ns = durationNs(given);
  if (ns === undefined) return args.fail(1, 'must be a duration or a reason');
  if (typeof given !== 'number' || ns === 0 || ns >= SHORTEST_NUMBER_NS) return ns / 1e6;
  return args.fail(1, 'is a number of nanoseconds; write "5s" for seconds', String(given));
}

function listen(args: Args, call: ModuleCall): LuaResult {
  const options = args.tableOrNull(1);
  const whole = options?.get('message') ?? false;
  if (typeof whole !== 'boolean') return args.fail(1, 'must have a boolean in "message"');
  if (call.kernel.refuses('process.listen')) return [];
  return [call.kernel.mailbox.listen(topicOf(args, 0), whole)];
}

/** Takes the topic, or the channel that `listen` gave for it. */
function unlisten(args: Args, call: ModuleCall): LuaResult {
  if (call.kernel.refuses('process.unlisten')) return [];
  const { mailbox } = call.kernel;
  const given = args.at(0);
  const topic = given instanceof Channel ? mailbox.topicOf(given) : topicOf(args, 0);
  if (topic !== undefined && mailbox.unlisten(topic)) return [true];
  return notFound(
    `process.unlisten: topic ${topic === undefined ? '' : `"${topic}" `}not found: nobody listens to it`,
  );
}

function setOptions(args: Args, call: ModuleCall): LuaResult {
  const { flags } = call.kernel;
  const {
    trap_links: trapLinks = flags.trapLinks,
    upgradable = flags.upgradable,
    ...others
  } = args.map(0);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    return args.fail(0, 'must name options (trap_links, upgradable)', `"${unknown}"`);
  }
  if (typeof trapLinks !== 'boolean') return args.fail(0, 'must have a boolean in "trap_links"');
  if (typeof upgradable !== 'boolean') return args.fail(0, 'must have a boolean in "upgradable"');
  if (call.kernel.refuses('process.set_options')) return [];
  call.kernel.flags = { trapLinks, upgradable };
  return [true];
}

/** Only a process itself can be named by its program, so a second argument is its own PID or a mistake. */
const register = fn('process.registry.register', ['name', 'pid'], (args, call) => {
  if (args.stringOr(1, call.kernel.pid) !== call.kernel.pid) {
    return args.fail(1, "must be the caller's own PID", `"${args.string(1)}"`);
  }
  return command({ op: 'register', name: args.nonEmpty(0) });
});

const registry: { readonly [name: string]: LuaValue } = {
  register: new NativeFunction(register),
  unregister: new NativeFunction(
    fn('process.registry.unregister', ['name'], (args) =>
      command({ op: 'unregister', name: args.nonEmpty(0) }),
    ),
  ),
  lookup: new NativeFunction(
    fn('process.registry.lookup', ['name'], (args) =>
      ask({ op: 'lookup', name: args.nonEmpty(0) }),
    ),
  ),
};

export const processModule: LuaModule = {
  name: 'process',
  access: ModuleAccess.BUILTIN,
  uses: [Use.LOCAL, Use.FUNCTION, Use.WORKFLOW],
  functions: {
    /** This process's PID. */
    pid: (call) => [call.kernel.pid],
    /** The id inside the PID; for a workflow, its workflow id. */
    id: (call) => [parsePid(call.kernel.pid)?.id ?? call.kernel.pid],
    send,
    inbox: (call) => [call.kernel.mailbox.inbox],
    events: (call) => [call.kernel.mailbox.events],
    listen: fn('process.listen', ['topic', 'options'], listen),
    unlisten: fn('process.unlisten', ['topic'], unlisten),
    spawn: starter('spawn'),
    spawn_monitored: starter('spawn_monitored'),
    spawn_linked: starter('spawn_linked'),
    spawn_linked_monitored: starter('spawn_linked_monitored'),
    exec: starter('exec'),
    monitor: onPid('monitor'),
    unmonitor: onPid('unmonitor'),
    link: onPid('link'),
    unlink: onPid('unlink'),
    terminate,
    cancel,
    set_options: fn('process.set_options', ['options'], setOptions),
    get_options: ({ kernel: { flags } }) => [
      { trap_links: flags.trapLinks, upgradable: flags.upgradable },
    ],
    with_context: fn('process.with_context', ['context'], (args) => [
      Spawner.PLAIN.withSettings(Spawner.PLAIN.settings.withContext(args.map(0))),
    ]),
    with_options: fn('process.with_options', ['options'], (args) => [
      Spawner.PLAIN.withSettings(Spawner.PLAIN.settings.withOptions(args.map(0))),
    ]),
    /** `upgrade(entry, ...)`: this process goes on as another program; without an entry, as a new run of its own. */
    upgrade: fn('process.upgrade', ['entry'], (args, call) =>
      command({
        op: 'upgrade',
        entry: args.at(0) === null ? call.kernel.entry : args.nonEmpty(0),
        values: args.values(1),
      }),
    ),
  },
  constants: { event: EventKind, registry },
  types: [messageType, payloadType, spawnerType],
};
