/**
 * The one door to `@temporalio/proto`: its types under short names, codecs, and the three places
 * where protobuf's idea of a number, an instant and a span differs from ours.
 *
 * Codecs are made at first use (proto/lazy-root.ts), their encode and decode generated, so the hot
 * paths run compiled code. int64 fields decode to `Long`; on the way out the writer takes plain
 * numbers as well, which is why {@link int64} may pass them under the declared type.
 */
import type { google, temporal } from '@temporalio/proto';
import { type Codec, codecsOf, LazyRoot, type PlainCodec } from './proto/lazy-root.js';

export type { google, temporal };

export type Payload = temporal.api.common.v1.IPayload;
export type Payloads = temporal.api.common.v1.IPayloads;
export type PayloadMap = { [key: string]: Payload };
export type Header = temporal.api.common.v1.IHeader;
export type RetryPolicy = temporal.api.common.v1.IRetryPolicy;
export type Failure = temporal.api.failure.v1.IFailure;
export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
export type Command = temporal.api.command.v1.ICommand;
export type Timestamp = google.protobuf.ITimestamp;
export type Duration = google.protobuf.IDuration;
export type Long = NonNullable<Timestamp['seconds']>;

export type { Codec };
export { codecsOf };

const root = new LazyRoot();

/** Temporal's enums, by their own names. */
export const enums = root.enums('temporal.api.enums.v1') as unknown as typeof temporal.api.enums.v1;

export const EventType = enums.EventType;
export const Status = enums.WorkflowExecutionStatus;
export type Status = temporal.api.enums.v1.WorkflowExecutionStatus;

/** A method of a service, with its codecs. */
export interface MethodShape {
  readonly name: string;
  readonly path: string;
  readonly request: Codec<unknown>;
  readonly response: Codec<unknown>;
}

/** What the protocol's reflection tells of a type or a service. */
export type ReflectedObject = ReflectedMessage | ReflectedEnum | ReflectedServiceObject;

interface Reflected {
  readonly name: string;
  readonly fullName: string;
  readonly parent: ReflectedObject | null;
}
export interface ReflectedMessage extends Reflected {
  readonly fieldsArray: readonly ReflectedField[];
  readonly oneofsArray: readonly { readonly name: string; readonly oneof: readonly string[] }[];
  readonly nestedArray: readonly ReflectedObject[];
}
export interface ReflectedEnum extends Reflected {
  readonly values: { readonly [name: string]: number };
}
interface ReflectedServiceObject extends Reflected {
  readonly methodsArray: readonly {
    readonly name: string;
    readonly requestStream?: boolean;
    readonly responseStream?: boolean;
    resolve(): {
      readonly resolvedRequestType: ReflectedMessage;
      readonly resolvedResponseType: ReflectedMessage;
    };
  }[];
}
export interface ReflectedField {
  readonly name: string;
  readonly id: number;
  readonly type: string;
  readonly keyType?: string;
  readonly repeated: boolean;
  readonly map: boolean;
  readonly resolvedType: ReflectedMessage | ReflectedEnum | null;
  resolve(): ReflectedField;
}

/** Services by their full names, with all that they refer to. */
export function reflectedServices(): (service: string) => ReflectedObject {
  return root.services() as (service: string) => ReflectedObject;
}

/** The codec of a message by its full name, such as `temporal.api.history.v1.HistoryEvent`. */
export function codec<T>(name: string): Codec<T> {
  return root.codec(name);
}

export type { PlainCodec };

/** The codec of a message as plain data, by its full name. */
export function plainCodec<T>(name: string): PlainCodec<T> {
  return root.plainCodec(name);
}

/** The unary methods of a service by its full name. */
export function methodsOf(service: string): MethodShape[] {
  return root
    .methods(service)
    .filter(([, method]) => !method.requestStream && !method.responseStream)
    .map(([name, { requestType, responseType }]) => ({
      name,
      path: `/${service}/${name}`,
      request: codec(requestType),
      response: codec(responseType),
    }));
}

/** A whole number for an int64 field: the writer takes it as it is. Exact to 2^53. */
export function int64(value: number): Long {
  return value as unknown as Long;
}

/** The number in an int64 field, 0 when it is not set. */
export function toNumber(value: Long | number | string | null | undefined): number {
  if (value === null || value === undefined) return 0;
  return typeof value === 'object' ? value.toNumber() : Number(value);
}

/** Milliseconds since the epoch as a timestamp, to the microsecond. */
export function timestamp(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return { seconds: int64(seconds), nanos: Math.round((ms - seconds * 1000) * 1000) * 1000 };
}

/** A timestamp as milliseconds since the epoch, undefined when it is not set. */
export function timestampMs(t: Timestamp | null | undefined): number | undefined {
  return t ? toNumber(t.seconds) * 1000 + (t.nanos ?? 0) / 1e6 : undefined;
}

export function duration(ms: number): Duration {
  const seconds = Math.trunc(ms / 1000);
  return { seconds: int64(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

/** A span in milliseconds, 0 when it is not set. */
export function durationMs(d: Duration | null | undefined): number {
  return d ? toNumber(d.seconds) * 1000 + (d.nanos ?? 0) / 1e6 : 0;
}

/** An event's attributes field without the suffix: `workflowExecutionStarted`, `timerFired`, ... */
export type EventName = {
  [K in keyof HistoryEvent]-?: K extends `${infer Name}EventAttributes` ? Name : never;
}[keyof HistoryEvent];

export type EventAttributes<N extends EventName> = NonNullable<
  HistoryEvent[`${N}EventAttributes` & keyof HistoryEvent]
>;

const eventTypes: ReadonlyMap<string, number> = new Map(
  Object.entries(EventType as unknown as { [name: string]: number | string })
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    .map(([name, value]) => [eventNameOf(name), value]),
);

function eventNameOf(enumName: string): string {
  return enumName
    .replace(/^EVENT_TYPE_/, '')
    .toLowerCase()
    .replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The number of an event's type by the name of its attributes. */
export function eventTypeOf(name: EventName): number {
  return eventTypes.get(name) ?? 0;
}

/** The name of an enum's value, such as `RUNNING` for (WorkflowExecutionStatus, 1, its prefix). */
export function enumName(type: object, value: number, prefix: string): string {
  return String((type as { [value: number]: string })[value] ?? value).replace(prefix, '');
}

/** `SCREAMING_SNAKE` as Go prints it: `PascalCase`. */
export function pascalCase(name: string): string {
  return name.toLowerCase().replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase());
}
