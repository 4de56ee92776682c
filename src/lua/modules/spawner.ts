/**
 * Starting processes: `process.spawn` and its variants, and the spawner that adds a name, startup messages,
 * context and options. A spawner never changes: each `with_*` makes another one.
 */
import { RESERVED_TOPIC_PREFIX } from '../../core/signal.js';
import type { SpawnRequest, StartupMessage } from '../../kernel/request.js';
import type { LuaResult, ModuleCall, ObjectType } from '../module.js';
import { ask } from './answers.js';
import { type Args, method } from './args.js';
import { CallSettings } from './call-settings.js';

export class Spawner {
  static readonly PLAIN = new Spawner(CallSettings.NONE, null, []);

  constructor(
    readonly settings: CallSettings,
    readonly name: string | null,
    readonly messages: readonly StartupMessage[],
  ) {}

  withSettings(settings: CallSettings): Spawner {
    return new Spawner(settings, this.name, this.messages);
  }

  withName(name: string): Spawner {
    return new Spawner(this.settings, name, this.messages);
  }

  withMessage(message: StartupMessage): Spawner {
    return new Spawner(this.settings, this.name, [...this.messages, message]);
  }
}

/** The ways to start a process, by the name of their function. */
export const SpawnMode = {
  spawn: { op: 'spawn', monitor: false, link: false },
  spawn_monitored: { op: 'spawn', monitor: true, link: false },
  spawn_linked: { op: 'spawn', monitor: false, link: true },
  spawn_linked_monitored: { op: 'spawn', monitor: true, link: true },
  exec: { op: 'exec', monitor: false, link: false },
} as const;
export type SpawnMode = (typeof SpawnMode)[keyof typeof SpawnMode];

export const SPAWN_PARAMS: readonly string[] = ['entry', 'host'];

/** Starts `args` = (entry, host, ...values) in the given mode. */
export function spawn(mode: SpawnMode, spawner: Spawner, args: Args, call: ModuleCall): LuaResult {
  const request: SpawnRequest = {
    entry: args.nonEmpty(0),
    host: args.nonEmpty(1),
    values: args.values(2),
    name: spawner.name,
    messages: spawner.messages,
    context: spawner.settings.contextFrom(call.kernel),
    options: spawner.settings.options,
    monitor: mode.monitor,
    link: mode.link,
  };
  return ask({ op: mode.op, spawn: request });
}

/** A topic that a program may use. @throws PerdureError INVALID for an empty or a reserved one. */
export function topicOf(args: Args, i: number): string {
  const topic = args.nonEmpty(i);
  if (!topic.startsWith(RESERVED_TOPIC_PREFIX)) return topic;
  return args.fail(
    i,
    `must not start with "${RESERVED_TOPIC_PREFIX}", which is reserved`,
    `"${topic}"`,
  );
}

const starter = (name: keyof typeof SpawnMode) =>
  method<Spawner>(`spawner:${name}`, SPAWN_PARAMS, (self, args, call) =>
    spawn(SpawnMode[name], self, args, call),
  );

export const spawnerType: ObjectType<Spawner> = {
  of: Spawner,
  name: 'Spawner',
  methods: {
    with_name: method('spawner:with_name', ['name'], (self, args) => [
      self.withName(args.nonEmpty(0)),
    ]),
    with_message: method('spawner:with_message', ['topic'], (self, args) => [
      self.withMessage({ topic: topicOf(args, 0), values: args.values(1) }),
    ]),
    with_context: method('spawner:with_context', ['context'], (self, args) => [
      self.withSettings(self.settings.withContext(args.map(0))),
    ]),
    with_options: method('spawner:with_options', ['options'], (self, args) => [
      self.withSettings(self.settings.withOptions(args.map(0))),
    ]),
    spawn: starter('spawn'),
    spawn_monitored: starter('spawn_monitored'),
    spawn_linked: starter('spawn_linked'),
    spawn_linked_monitored: starter('spawn_linked_monitored'),
    exec: starter('exec'),
  },
};
