/**
 * What a run hands to the one that goes on for it, as a value of the start header. Any client can write a
 * header, so what is read is checked: parts of a wrong shape are left out and counted.
 */
import { PerdureError } from '../../../core/errors.js';
import { Message } from '../../../core/message.js';
import type { Value } from '../../../core/payload.js';
import { parsePid } from '../../../core/pid.js';
import {
  EventKind,
  type ExitResult,
  type ProcessEvent,
  type Signal,
} from '../../../core/signal.js';
import type { Estate } from '../../../kernel/estate.js';
import type { LocalBondData } from './local-bonds.js';
import type { RelationsData } from './relations.js';
import { contextOf, type Fields, fieldsOf, pidOf } from './shapes.js';
import type { WorkflowBondData } from './workflow-bonds.js';

export interface Carried {
  readonly estate: Estate;
  /** What came while the run was closing. The next one gets it once its `main` waits. */
  readonly signals: readonly Signal[];
  /** Open children, monitors and links. */
  readonly relations: RelationsData;
}

export interface ReadCarried extends Carried {
  readonly malformed: number;
}

export function carriedToValue({ estate, signals, relations }: Carried): Value {
  const { flags, deadlines, messages, events } = estate;
  return {
    flags: { trap_links: flags.trapLinks, upgradable: flags.upgradable },
    deadlines: [...deadlines],
    messages: messages.map(({ from, topic, values, context }) => {
      return { from, topic, values: [...values], context };
    }),
    events: events.map(withPlainResult),
    signals: signals.map(withPlainResult),
    relations: relations as unknown as Value,
  };
}

/** Null where the run goes on for none. */
export function carriedFromValue(value: Value | undefined): ReadCarried | null {
  const fields = fieldsOf(value);
  if (fields === undefined) return null;
  let malformed = 0;
  const read = <T>(list: Value | undefined, item: (fields: Fields) => T | null): T[] => {
    if (!Array.isArray(list)) return [];
    const items = list.flatMap((one: Value) => item(fieldsOf(one) ?? {}) ?? []);
    malformed += list.length - items.length;
    return items as T[];
  };
  const flags = fieldsOf(fields.flags) ?? {};
  const deadlines = Array.isArray(fields.deadlines) ? fields.deadlines : [];
  return {
    estate: {
      flags: {
        trapLinks: flags.trap_links === true,
        upgradable: flags.upgradable === true,
      },
      deadlines: deadlines.filter((ms: Value) => typeof ms === 'number'),
      messages: read(fields.messages, toMessage),
      events: read(fields.events, toEvent),
    },
    signals: read(fields.signals, toSignal),
    relations: {
      locals: read(fieldsOf(fields.relations)?.locals, toLocalBond),
      workflows: read(fieldsOf(fields.relations)?.workflows, toWorkflowBond),
    },
    malformed,
  };
}

function withPlainResult(item: ProcessEvent | Signal): Value {
  if (!('result' in item)) return item as unknown as Value;
  const { value, error } = item.result;
  return { ...item, result: { value, error: error === null ? null : error.toData() } } as Value;
}

function resultOf(value: Value | undefined): ExitResult | null {
  const fields = fieldsOf(value);
  if (fields === undefined) return null;
  const { value: result = null, error = null } = fields;
  return { value: result, error: error === null ? null : PerdureError.fromData(error) };
}

function toMessage({ from, topic, values, context }: Fields): Message | null {
  if (typeof topic !== 'string' || !Array.isArray(values)) return null;
  return new Message(pidOf(from), topic, values, contextOf(context));
}

function toEvent(fields: Fields): ProcessEvent | null {
  const { kind, at } = fields;
  if (typeof at !== 'number') return null;
  const from = pidOf(fields.from);
  switch (kind) {
    case EventKind.EXIT:
    case EventKind.LINK_DOWN: {
      const result = resultOf(fields.result);
      return from === null || result === null ? null : { kind, from, result, at };
    }
    case EventKind.CANCEL:
      return { kind, from, reason: textOf(fields.reason), deadline: numberOf(fields.deadline), at };
    case EventKind.OUTDATED:
      return { kind, from, at };
    default:
      return null;
  }
}

function toSignal(fields: Fields): Signal | null {
  const { kind } = fields;
  const from = pidOf(fields.from);
  switch (kind) {
    case 'message': {
      const message = toMessage(fields);
      if (message === null) return null;
      const { topic, values, context } = message;
      return { kind, from, topic, values, context };
    }
    case 'exit':
    case 'link_down': {
      const result = resultOf(fields.result);
      return from === null || result === null ? null : { kind, from, result };
    }
    case 'cancel': {
      const { reason, deadlineMs } = fields;
      return { kind, from, reason: textOf(reason), deadlineMs: numberOf(deadlineMs) };
    }
    case 'terminate':
      return { kind, from, reason: textOf(fields.reason) };
    default:
      return null;
  }
}

function toLocalBond(fields: Fields): LocalBondData | null {
  const pid = pidOf(fields.pid);
  if (pid === null || parsePid(pid)?.node === undefined) return null;
  return { pid, monitored: fields.monitored === true, linked: fields.linked === true };
}

function toWorkflowBond(fields: Fields): WorkflowBondData | null {
  const pid = pidOf(fields.pid);
  const { links } = fields;
  if (pid === null || !Array.isArray(links)) return null;
  const ids = links.filter((id: Value) => typeof id === 'string');
  return { pid, monitored: fields.monitored === true, links: ids };
}

const textOf = (value: Value | undefined): string | null =>
  typeof value === 'string' ? value : null;

const numberOf = (value: Value | undefined): number | null =>
  typeof value === 'number' ? value : null;
