/** `process.host`, `terminal.host` and `process.service`: what runs processes in this node, and keeps them running. */
import { z } from 'zod';
import type { Value } from '../../core/payload.js';
import type { ProcessHostEntry, ProcessServiceEntry, TerminalHostEntry } from '../entry.js';
import { commonFields, count, positiveCount, reference } from './fields.js';
import { defineKind } from './kind.js';
import { lifecycle, toLifecycle } from './lifecycle.js';

const hostLimits = z.strictObject({
  workers: positiveCount.optional(),
  queue_size: positiveCount.optional(),
  local_queue_size: positiveCount.optional(),
  max_processes: positiveCount.optional().describe('Processes at one time. Default: no limit.'),
  mailbox_limit: count.optional().describe('Unread messages of one process. Default 100000.'),
});

/** Hosts start with the app unless the entry says otherwise: nothing can run without them. */
const HOSTS_AUTO_START = true;

export const processHost = defineKind(
  z.strictObject({
    ...commonFields('process.host'),
    host: hostLimits.optional(),
    lifecycle: lifecycle.optional(),
  }),
  (raw, context): ProcessHostEntry => {
    for (const name of ['workers', 'queue_size', 'local_queue_size'] as const) {
      if (raw.host?.[name] !== undefined) context.warn(['host', name], NO_EFFECT[name]);
    }
    return {
      ...context.base,
      kind: 'process.host',
      limits: {
        workers: raw.host?.workers ?? null,
        queueSize: raw.host?.queue_size ?? null,
        localQueueSize: raw.host?.local_queue_size ?? null,
        maxProcesses: raw.host?.max_processes ?? null,
        mailboxLimit: raw.host?.mailbox_limit ?? null,
      },
      lifecycle: toLifecycle(raw.lifecycle, context, HOSTS_AUTO_START),
    };
  },
);

const NO_EFFECT = {
  workers: 'has no effect: the processes of a node share one thread in this version',
  queue_size: 'has no effect: max_processes and mailbox_limit bound what may wait',
  local_queue_size: 'has no effect: max_processes and mailbox_limit bound what may wait',
} as const;

export const terminalHost = defineKind(
  z.strictObject({ ...commonFields('terminal.host'), lifecycle: lifecycle.optional() }),
  (raw, context): TerminalHostEntry => ({
    ...context.base,
    kind: 'terminal.host',
    lifecycle: toLifecycle(raw.lifecycle, context, HOSTS_AUTO_START),
  }),
);

/** Kinds that processes can be spawned on. */
export const HOST_KINDS = ['process.host', 'terminal.host', 'temporal.worker'] as const;

export const processService = defineKind(
  z.strictObject({
    ...commonFields('process.service'),
    process: reference.describe('The process.lua, process.js, workflow.lua or workflow.js to run'),
    host: reference.describe('The process.host, terminal.host or temporal.worker to run it on'),
    input: z
      .unknown()
      .optional()
      .describe('Arguments: each item of a list is one, anything else is the only one.'),
    lifecycle: lifecycle.optional(),
  }),
  (raw, context): ProcessServiceEntry => ({
    ...context.base,
    kind: 'process.service',
    process: context.ref(raw.process, ['process'], {
      kinds: ['process.lua', 'process.js', 'workflow.lua', 'workflow.js'],
    }),
    host: context.ref(raw.host, ['host'], { kinds: HOST_KINDS, starts: true }),
    input: toArguments(context.value(raw.input, ['input'])),
    lifecycle: toLifecycle(raw.lifecycle, context),
  }),
);

/** Arguments as they are written: each item of a list is one; anything else is the only one. */
export function toArguments(input: Value | undefined): readonly Value[] {
  if (input === undefined) return [];
  return Array.isArray(input) ? input : [input];
}
