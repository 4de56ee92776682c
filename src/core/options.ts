/**
 * The options of starts and calls by their names. The names stand here, and what they mean with the host
 * that reads them, so that every host refuses a name that nobody knows, also one that it would not read.
 */
import { ErrorKind, PerdureError } from './errors.js';
import type { Value } from './payload.js';
import { suggest } from './suggest.js';

/** How a workflow is started: `temporal.workflow.*`. */
export const WORKFLOW_OPTIONS = [
  'id',
  'task_queue',
  'execution_timeout',
  'run_timeout',
  'task_timeout',
  'id_conflict_policy',
  'id_reuse_policy',
  'execution_error_when_already_started',
  'retry_policy',
  'cron_schedule',
  'memo',
  'search_attributes',
  'enable_eager_start',
  'start_delay',
  'parent_close_policy',
  'wait_for_cancellation',
  'namespace',
] as const;

/** How a function is called as an activity: `temporal.activity.*`. */
export const ACTIVITY_OPTIONS = [
  'start_to_close_timeout',
  'schedule_to_close_timeout',
  'schedule_to_start_timeout',
  'heartbeat_timeout',
  'id',
  'task_queue',
  'wait_for_cancellation',
  'disable_eager_execution',
  'retry_policy',
] as const;

/** The names of each group. */
export interface OptionNames {
  readonly workflow: (typeof WORKFLOW_OPTIONS)[number];
  readonly activity: (typeof ACTIVITY_OPTIONS)[number];
}

export type OptionGroup = keyof OptionNames;

const ROOT = 'temporal.';

const FULL_NAMES: ReadonlySet<string> = new Set([
  ...WORKFLOW_OPTIONS.map((name) => `${ROOT}workflow.${name}`),
  ...ACTIVITY_OPTIONS.map((name) => `${ROOT}activity.${name}`),
]);

/** An option's full name: `temporal.` may be left out where it is written. */
export function fullOptionName(written: string): string {
  return written.startsWith(ROOT) ? written : ROOT + written;
}

/** The error for the first option that nobody knows, with the nearest name that there is. */
export function unknownOption(options: { readonly [name: string]: Value }): PerdureError | null {
  for (const name in options) {
    if (!FULL_NAMES.has(fullOptionName(name))) return notAnOption(name);
  }
  return null;
}

function notAnOption(written: string): PerdureError {
  const near = suggest(fullOptionName(written), FULL_NAMES);
  const advice =
    near === undefined
      ? 'there are temporal.workflow.* and temporal.activity.*'
      : `did you mean ${near}?`;
  return new PerdureError(ErrorKind.INVALID, `unknown option: ${written}; ${advice}`, {
    details: { option: written },
  });
}
