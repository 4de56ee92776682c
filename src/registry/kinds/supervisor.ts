/** `process.supervisor`: a process that starts others, keeps them running and stops them, as OTP's do. */
import { z } from 'zod';
import {
  AutoShutdown,
  BRUTAL_KILL,
  DEFAULT_SUPERVISION,
  Restart,
  type Shutdown,
  Strategy,
} from '../../runtime/supervisor/index.js';
import type { SupervisedChild, SupervisorEntry } from '../entry.js';
import { commonFields, count, defaultMs, duration, reference, text } from './fields.js';
import { type BuildContext, defineKind } from './kind.js';
import { lifecycle, toLifecycle } from './lifecycle.js';
import { HOST_KINDS, toArguments } from './process.js';

const oneOf = <T extends string>(set: { readonly [key: string]: T }) => z.enum(Object.values(set));

const shutdown = z.union([z.enum([BRUTAL_KILL, 'infinity']), duration], {
  error: () => 'expected a duration such as "5s", "brutal_kill" or "infinity"',
});

const child = z.strictObject({
  id: text.optional().describe("Unique among the children. Default: the process's name."),
  process: reference.describe(
    'The process.lua, process.js, workflow.lua or process.supervisor to run',
  ),
  host: reference.optional().describe('Where it runs. Default: as for a spawn without a host.'),
  input: z
    .unknown()
    .optional()
    .describe('Arguments: each item of a list is one, anything else is the only one.'),
  restart: oneOf(Restart)
    .optional()
    .describe(`When it is started again. Default ${DEFAULT_SUPERVISION.restart}.`),
  shutdown: shutdown
    .optional()
    .describe(
      `Time to end after CANCEL. ${defaultMs(DEFAULT_SUPERVISION.shutdownMs)} Supervisors: infinity.`,
    ),
  significant: z
    .boolean()
    .optional()
    .describe('Whether its end may end the supervisor; see auto_shutdown. Default false.'),
  name: text
    .optional()
    .describe('Name that its process is registered under; on a worker, its workflow id.'),
});

type RawChild = z.output<typeof child>;

export const processSupervisor = defineKind(
  z.strictObject({
    ...commonFields('process.supervisor'),
    strategy: oneOf(Strategy)
      .optional()
      .describe(`Who is restarted with a child. Default ${DEFAULT_SUPERVISION.strategy}.`),
    intensity: count
      .optional()
      .describe(`Restarts within the period. Default ${DEFAULT_SUPERVISION.intensity}.`),
    period: duration
      .refine((ms) => ms > 0, 'must be more than 0')
      .optional()
      .describe(defaultMs(DEFAULT_SUPERVISION.periodMs)),
    auto_shutdown: oneOf(AutoShutdown)
      .optional()
      .describe(`When it ends by itself. Default ${DEFAULT_SUPERVISION.autoShutdown}.`),
    children: z.array(child).describe('In the order in which they are started'),
    host: reference.optional().describe('The process.host it runs on. Default: one of its own.'),
    lifecycle: lifecycle.optional(),
  }),
  (raw, context): SupervisorEntry => {
    const autoShutdown = raw.auto_shutdown ?? DEFAULT_SUPERVISION.autoShutdown;
    const children = raw.children.map((one, i) => toChild(one, i, autoShutdown, context));
    checkIds(children, context);
    return {
      ...context.base,
      kind: 'process.supervisor',
      strategy: raw.strategy ?? DEFAULT_SUPERVISION.strategy,
      intensity: raw.intensity ?? DEFAULT_SUPERVISION.intensity,
      periodMs: raw.period ?? DEFAULT_SUPERVISION.periodMs,
      autoShutdown,
      children,
      host:
        raw.host === undefined
          ? null
          : context.ref(raw.host, ['host'], { kinds: ['process.host'], starts: true }),
      lifecycle: toLifecycle(raw.lifecycle, context),
    };
  },
);

function toChild(
  raw: RawChild,
  index: number,
  autoShutdown: AutoShutdown,
  context: BuildContext,
): SupervisedChild {
  const at = (field: string) => ['children', index, field];
  const restart = raw.restart ?? DEFAULT_SUPERVISION.restart;
  if (raw.significant === true && autoShutdown === AutoShutdown.NEVER) {
    context.problem(
      at('significant'),
      'has no meaning while auto_shutdown is never',
      'set auto_shutdown to any_significant or all_significant',
    );
  } else if (raw.significant === true && restart === Restart.PERMANENT) {
    context.problem(
      at('significant'),
      'a permanent child is always started again, so its end cannot be significant',
      'set restart to transient or temporary',
    );
  }
  return {
    id: raw.id ?? raw.process.slice(raw.process.indexOf(':') + 1),
    process: context.ref(raw.process, at('process'), {
      kinds: ['process.lua', 'process.js', 'workflow.lua', 'process.supervisor'],
    }),
    host:
      raw.host === undefined
        ? null
        : context.ref(raw.host, at('host'), { kinds: HOST_KINDS, starts: true }),
    input: toArguments(context.value(raw.input, at('input'))),
    restart,
    shutdown: toShutdown(raw.shutdown),
    significant: raw.significant ?? false,
    name: raw.name ?? null,
  };
}

function toShutdown(raw: RawChild['shutdown']): Shutdown | null {
  if (raw === undefined) return null;
  return raw === 'infinity' ? Number.POSITIVE_INFINITY : raw;
}

function checkIds(children: readonly SupervisedChild[], context: BuildContext): void {
  const seen = new Set<string>();
  for (const [i, { id }] of children.entries()) {
    if (seen.has(id)) {
      context.problem(['children', i], `there is another child ${id}`, 'give one of them an id');
    }
    seen.add(id);
  }
}
