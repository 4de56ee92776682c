/** The `lifecycle` block, the same for every kind that is started and stopped with the app. */
import { z } from 'zod';
import { DEFAULT_LIFECYCLE, type Lifecycle } from '../../runtime/supervisor/lifecycle.js';
import { count, defaultMs, duration, reference } from './fields.js';
import type { BuildContext } from './kind.js';

const { restart: RESTART } = DEFAULT_LIFECYCLE;

const restart = z.strictObject({
  initial_delay: duration
    .optional()
    .describe(`Delay before the first restart. ${defaultMs(RESTART.initialDelayMs)}`),
  max_delay: duration.optional().describe(`Longest delay. ${defaultMs(RESTART.maxDelayMs)}`),
  backoff_factor: z
    .number()
    .min(1)
    .optional()
    .describe(`Growth from delay to delay. Default ${RESTART.backoffFactor}.`),
  jitter: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(`Random part of a delay, 0 to 1. Default ${RESTART.jitter}.`),
  max_attempts: count
    .optional()
    .describe('Runs in a row that may fail before it is given up. Default 0: no limit.'),
});

/** Schema of the block; {@link toLifecycle} fills in the defaults. */
export const lifecycle = z.strictObject({
  auto_start: z.boolean().optional().describe('Whether it starts with the app.'),
  requires: z.array(reference).optional().describe('Entries that must be up first.'),
  depends_on: z.array(reference).optional().describe('The same as requires.'),
  start_timeout: duration.optional().describe(defaultMs(DEFAULT_LIFECYCLE.startTimeoutMs)),
  stop_timeout: duration.optional().describe(defaultMs(DEFAULT_LIFECYCLE.stopTimeoutMs)),
  stable_threshold: duration
    .optional()
    .describe(
      `After running this long, earlier failures are forgotten. ${defaultMs(DEFAULT_LIFECYCLE.stableThresholdMs)}`,
    ),
  restart: restart.optional(),
});

/**
 * The lifecycle of an entry, defaults filled in (DESIGN 7).
 * @param autoStart whether the kind starts with the app where the entry does not say.
 */
export function toLifecycle(
  raw: z.output<typeof lifecycle> | undefined,
  context: BuildContext,
  autoStart = DEFAULT_LIFECYCLE.autoStart,
): Lifecycle {
  const at = (field: string) => ['lifecycle', field] as const;
  const resolve = (field: 'requires' | 'depends_on'): string[] =>
    (raw?.[field] ?? []).map((id, i) =>
      context.ref(id, [...at(field), i], { startable: true, starts: true }),
    );
  const policy = {
    initialDelayMs: raw?.restart?.initial_delay ?? RESTART.initialDelayMs,
    maxDelayMs: raw?.restart?.max_delay ?? RESTART.maxDelayMs,
    backoffFactor: raw?.restart?.backoff_factor ?? RESTART.backoffFactor,
    jitter: raw?.restart?.jitter ?? RESTART.jitter,
    maxAttempts: raw?.restart?.max_attempts ?? RESTART.maxAttempts,
  };
  return {
    autoStart: raw?.auto_start ?? autoStart,
    requires: [...new Set([...resolve('requires'), ...resolve('depends_on')])],
    startTimeoutMs: raw?.start_timeout ?? DEFAULT_LIFECYCLE.startTimeoutMs,
    stopTimeoutMs: raw?.stop_timeout ?? DEFAULT_LIFECYCLE.stopTimeoutMs,
    stableThresholdMs: raw?.stable_threshold ?? DEFAULT_LIFECYCLE.stableThresholdMs,
    restart: policy,
  };
}
