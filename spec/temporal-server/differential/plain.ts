/**
 * Messages of the protocol as plain, masked data. Their types say what is an instant, a span, a payload
 * or an enum; a field that has its default value is left out, as the wire does not tell the two apart.
 */
import { codec, type ReflectedMessage, toNumber } from '../../../src/temporal-server/proto.js';
import type { Mask } from './mask.js';
import type { Plain } from './program.js';

/** What protobufjs gives when it decodes. */
interface Message {
  readonly $type: ReflectedMessage;
  readonly [field: string]: unknown;
}
type Field = ReflectedMessage['fieldsArray'][number] & { readonly partOf?: object | null };

/** Meaningless outside of the server that made them, or told by the machine that the worker runs on. */
const HIDDEN: ReadonlySet<string> = new Set([
  'taskToken',
  'nextPageToken',
  'conflictToken',
  'historySizeBytes',
  'taskId',
  'executionDuration',
  'sdkVersion',
  'buildId',
  'binaryChecksum',
]);

/** Sets that come in any order. */
const SETS: ReadonlySet<string> = new Set(['coreUsedFlags', 'langUsedFlags']);

/** Advice that depends on how busy the machine is. */
const LEFT_OUT: ReadonlySet<string> = new Set(['pollerScalingDecision']);

/** Spans that a server measures: told in whole seconds, rounded up but for a little. */
const MEASURED: ReadonlySet<string> = new Set([
  'firstWorkflowTaskBackoff',
  'backoffStartInterval',
  'currentRetryInterval',
]);

const SPECIAL: {
  readonly [type: string]: (message: Message, mask: Mask, field: string) => Plain;
} = {
  '.google.protobuf.Timestamp': (m, mask) => mask.time(milliseconds(m)),
  '.google.protobuf.Duration': (m, _, field) => span(milliseconds(m), field),
  '.google.protobuf.Any': (m, mask) => ofAny(m, mask),
  '.temporal.api.common.v1.Payload': (m, mask) => ofPayload(m, mask),
};

export function plainOf(message: unknown, mask: Mask, field = ''): Plain {
  const typed = message as Message;
  const special = SPECIAL[typed.$type.fullName];
  if (special) return special(typed, mask, field);
  const out: { [name: string]: Plain } = {};
  for (const each of typed.$type.fieldsArray as readonly Field[]) {
    if (LEFT_OUT.has(each.name) || !Object.hasOwn(typed, each.name)) continue;
    const value = ofField(each.resolve(), typed[each.name], mask);
    if (value !== undefined) out[each.name] = value;
  }
  return nameOfSticky(out);
}

function ofField(field: Field, value: unknown, mask: Mask): Plain | undefined {
  if (value === null || value === undefined) return undefined;
  if (HIDDEN.has(field.name)) return isUnset(value) ? undefined : `<${field.name}>`;
  if (field.map) {
    const entries = Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) return undefined;
    return Object.fromEntries(
      entries.map(([key, each]) => [mask.text(key, ''), ofOne(field, each, mask)]),
    );
  }
  if (field.repeated) {
    const list = value as readonly unknown[];
    const all = list.map((each) => ofOne(field, each, mask));
    if (SETS.has(field.name)) all.sort();
    return all.length === 0 ? undefined : all;
  }
  const one = ofOne(field, value, mask);
  const unset = one === '' || one === 0 || one === false;
  if (unset || (one !== null && field.resolvedType && isEnum(field) && value === 0))
    return undefined;
  return one;
}

function isUnset(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.length === 0;
  return value === '' || String(value) === '0';
}

const isEnum = ({ resolvedType }: Field) => resolvedType !== null && 'values' in resolvedType;

function ofOne(field: Field, value: unknown, mask: Mask): Plain {
  const { resolvedType } = field;
  if (resolvedType && 'values' in resolvedType) {
    const names = Object.entries(resolvedType.values);
    return names.find(([, number]) => number === value)?.[0] ?? `unknown ${value}`;
  }
  if (resolvedType) return plainOf(value, mask, field.name);
  if (value instanceof Uint8Array) return mask.text(textOf(value), field.name);
  if (typeof value === 'string') return mask.text(value, field.name);
  if (typeof value === 'boolean') return value;
  return toNumber(value as number);
}

/** A worker's own queue has its machine's name. */
function nameOfSticky(out: { [name: string]: Plain }): Plain {
  return out.kind === 'TASK_QUEUE_KIND_STICKY' ? { ...out, name: '<sticky>' } : out;
}

function milliseconds(message: Message): number {
  return toNumber(message.seconds as number) * 1000 + Number(message.nanos ?? 0) / 1e6;
}

function span(ms: number, field: string): string {
  return MEASURED.has(field) ? `${Math.ceil(ms / 1000 - 0.01)}s` : `${ms / 1000}s`;
}

function ofPayload(message: Message, mask: Mask): Plain {
  const metadata = Object.entries((message.metadata ?? {}) as { [key: string]: Uint8Array });
  const data = (message.data as Uint8Array | null) ?? new Uint8Array();
  const text = Object.fromEntries(metadata.sort().map(([key, value]) => [key, textOf(value)]));
  return { ...text, data: mask.text(textOf(data), '') };
}

export function ofAny(any: { readonly [field: string]: unknown }, mask: Mask): Plain {
  const name = String(any.type_url).replace('type.googleapis.com/', '');
  const message = codec<object>(name).decode((any.value as Uint8Array) ?? new Uint8Array());
  return { '@type': name, ...(plainOf(message, mask) as object) };
}

/** As text where it is text. */
function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  return text.includes('\ufffd') ? `base64 ${Buffer.from(bytes).toString('base64')}` : text;
}
