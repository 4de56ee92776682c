/** `process.supervisor`: a process that starts others, keeps them running and stops them, as OTP's do. */
import { z } from 'zod';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { Value } from '../../core/payload.js';
import {
  AutoShutdown,
  BRUTAL_KILL,
  DEFAULT_SUPERVISION,
  Restart,
  type Shutdown,
  Strategy,
} from '../../runtime/supervisor/index.js';
import type { SupervisedChild, SupervisorEntry } from '../entry.js';
import { issueMessage } from '../issues.js';
import type { FieldPath } from '../problem.js';
import type { Registry } from '../registry.js';
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
    'The process.lua, process.js, workflow.lua, workflow.js or process.supervisor to run',
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
    const children = raw.children.map((one, i) =>
      toChild(one, ['children', i], autoShutdown, context),
    );
    checkIds(children, context);
    if (raw.strategy === Strategy.SIMPLE_ONE_FOR_ONE) checkTemplate(children, context);
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

/** What a child may ask while it is made: of the loader, or of a registry that is complete. */
type ChildContext = Pick<BuildContext, 'ref' | 'value' | 'problem'>;

function toChild(
  raw: RawChild,
  path: FieldPath,
  autoShutdown: AutoShutdown,
  context: ChildContext,
): SupervisedChild {
  const at = (field: string) => [...path, field];
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
      kinds: ['process.lua', 'process.js', 'workflow.lua', 'workflow.js', 'process.supervisor'],
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

function checkTemplate(
  [template, ...more]: readonly SupervisedChild[],
  context: BuildContext,
): void {
  if (template === undefined || more.length > 0) {
    context.problem(
      ['children'],
      'simple_one_for_one has one child, the template for all that are added while it runs',
    );
  } else if (template.name !== null) {
    context.problem(['children', 0, 'name'], 'one name cannot be that of every child');
  }
}

/**
 * A child for a supervisor that runs, as `start_child` gives it: what stands in `children:` of its entry.
 * @throws PerdureError INVALID, with all that is wrong with it.
 */
export function readChild(
  registry: Registry,
  supervisor: SupervisorEntry,
  value: unknown,
): SupervisedChild {
  const problems: string[] = [];
  const parsed = child.safeParse(value, { error: issueMessage });
  if (!parsed.success) throw badChild(parsed.error.issues.map(textOf));
  const made = toChild(parsed.data, [], supervisor.autoShutdown, {
    value: (written) => written as Value | undefined, // It came as a payload.
    problem: (path, message) => void problems.push(`${path.join('.')}: ${message}`),
    ref: (target, path, { kinds = [] }) => {
      const id = target.includes(':') ? target : `${supervisor.namespace}:${target}`;
      const kind = registry.get(id)?.kind;
      const expected = `expected a ${kinds.join(' or ')}`;
      if (kind === undefined) problems.push(`${path.join('.')}: ${id} not found; ${expected}`);
      else if (!kinds.includes(kind)) {
        problems.push(`${path.join('.')}: ${id} is a ${kind}; ${expected}`);
      }
      return id;
    },
  });
  if (problems.length > 0) throw badChild(problems);
  return made;
}

const textOf = ({ path, message }: z.core.$ZodIssue): string =>
  path.length === 0 ? message : `${path.join('.')}: ${message}`;

function badChild(problems: readonly string[]): PerdureError {
  return new PerdureError(ErrorKind.INVALID, `start_child: ${problems.join('; ')}`);
}
