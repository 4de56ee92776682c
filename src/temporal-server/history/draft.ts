/**
 * A draft: one transaction on one run, in the making.
 *
 * A rule reads and changes the draft and nothing else; time and new ids are given to it. If the
 * rule throws, the draft is dropped and the run is as it was. Otherwise it is stored in one write,
 * kept, and then its effects are carried out.
 *
 * Invariants:
 * 1. Event ids are consecutive; an event's bytes are made once, when it gets its id.
 * 2. The first event after a speculative workflow task makes it an ordinary one: the task's own events
 *    are written before it.
 * 3. While a workflow task is started, events from outside wait in `info.buffered` without an id,
 *    so that the task's own events follow the history its worker has seen.
 */
import {
  codec,
  type EventAttributes,
  type EventName,
  eventTypeOf,
  type HistoryEvent,
  int64,
  type temporal,
  timestamp,
} from '../proto.js';
import { noteAttached } from './attached.js';
import { type Due, dueKey, type Effect, type StoredEvent, type Transfer } from './effects.js';
import { Overlay } from './overlay.js';
import type { CollectionChanges, RunInfo, RunState } from './state.js';
import { writeSpeculativeTask } from './workflow-task.js';

const eventCodec = codec<HistoryEvent>('temporal.api.history.v1.HistoryEvent');

/** The real server's task ids start about here; SDKs only need them to grow. */
const TASK_ID_BASE = 1_048_576;

/** Stands for the id of an event that is itself still waiting to get one. */
const BUFFERED_ID = -123;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What a rule is given from outside. */
export interface RuleInputs {
  /** By the clock of the run. */
  readonly nowMs: number;
  /** How far the clock of a run that starts is ahead of the server's. Default 0. */
  readonly aheadMs?: number;
  /** A new unique id (a UUID). */
  readonly newId: () => string;
  /** How long closed runs of a namespace are kept. */
  readonly retentionMs: (namespace: string) => number;
}

/** Extra parts of an event beside its attributes. */
export interface EventExtras {
  readonly userMetadata?: temporal.api.sdk.v1.IUserMetadata | null | undefined;
  readonly links?: temporal.api.common.v1.ILink[] | null | undefined;
  /** When it happened, if that was before now. */
  readonly atMs?: number;
}

export class Draft {
  readonly state: RunState;
  readonly info: Mutable<RunInfo>;
  readonly activities;
  readonly activityIds;
  readonly timers;
  readonly children;
  readonly externals;
  readonly signalRequests;
  readonly updates;
  readonly completedUpdates;
  readonly nowMs: number;
  readonly newId: () => string;
  readonly retentionMs: (namespace: string) => number;
  readonly events: StoredEvent[] = [];
  readonly effects: Effect[] = [];
  /** How far it moves the run's clock ahead. */
  movedMs = 0;
  /** A run that takes over in the same transaction. */
  successor: Draft | undefined;

  constructor(state: RunState, inputs: RuleInputs) {
    this.state = state;
    this.info = { ...state.info };
    this.nowMs = inputs.nowMs;
    this.newId = inputs.newId;
    this.retentionMs = inputs.retentionMs;
    this.activities = new Overlay(state.activities);
    this.activityIds = new Overlay(state.activityIds);
    this.timers = new Overlay(state.timers);
    this.children = new Overlay(state.children);
    this.externals = new Overlay(state.externals);
    this.signalRequests = new Overlay(state.signalRequests);
    this.updates = new Overlay(state.updates);
    this.completedUpdates = new Overlay(state.completedUpdates);
  }

  get key() {
    return this.state.key;
  }

  /** Writes an event now and gives its id. */
  append<N extends EventName>(
    name: N,
    attributes: EventAttributes<N>,
    extras?: EventExtras,
  ): number {
    writeSpeculativeTask(this);
    return this.#write(this.#make(name, attributes, extras), extras?.atMs ?? this.nowMs);
  }

  /**
   * Writes an event from outside: now, or when the started workflow task has ended.
   *
   * @returns its id, or {@link BUFFERED_ID}
   */
  appendOrBuffer<N extends EventName>(
    name: N,
    attributes: EventAttributes<N>,
    extras?: EventExtras,
  ): number {
    if (this.info.workflowTask.kind !== 'started') return this.append(name, attributes, extras);
    writeSpeculativeTask(this);
    const event = this.#make(name, attributes, extras);
    event.eventTime = timestamp(this.nowMs);
    this.info.buffered = [...this.info.buffered, event];
    return BUFFERED_ID;
  }

  /** Takes an event of another run's history over as it is. */
  adopt(event: StoredEvent): void {
    this.events.push(event);
    this.info.nextEventId = event.id + 1;
    this.info.historySizeBytes += event.bytes.length;
  }

  /** Writes an event of another run's history once more, as one of this run's. */
  repeat(event: HistoryEvent): number {
    return this.#write(event, this.nowMs);
  }

  /** Encodes an event that is shown to a worker but not written. */
  encodeUnwritten<N extends EventName>(
    id: number,
    name: N,
    attributes: EventAttributes<N>,
    atMs: number,
  ): Uint8Array {
    const event = identified(this.#make(name, attributes), id, atMs);
    event.taskId = null;
    return eventCodec.encode(event).finish();
  }

  /** Gives the buffered events their ids. True when there were any. */
  flush(): boolean {
    const waiting = this.info.buffered;
    if (waiting.length === 0) return false;
    this.info.buffered = [];
    const startedIds = new Map<number, number>();
    for (const event of inOrder(waiting)) {
      wireStartedId(event, startedIds);
      const id = this.#write(event, this.nowMs);
      noteStarted(event, id, startedIds, this);
      const options = event.workflowExecutionOptionsUpdatedEventAttributes;
      if (options) noteAttached(this, options.attachedRequestId ?? '', id);
    }
    return true;
  }

  arm(due: Due, atMs: number, options: { skippable: boolean } = { skippable: true }): void {
    this.effects.push({ kind: 'arm', due, atMs, skippable: options.skippable });
  }

  disarm(due: Due): void {
    this.effects.push({ kind: 'disarm', key: dueKey(due) });
  }

  transfer(transfer: Transfer): void {
    this.info.transferCount += 1;
    this.effects.push({ kind: 'transfer', id: this.info.transferCount, transfer });
  }

  nextStamp(): number {
    this.info.stamp += 1;
    return this.info.stamp;
  }

  /** Whether it does anything that has to be stored. */
  get isChanged(): boolean {
    if (this.events.length > 0 || this.effects.length > 0) return true;
    const { collections, info } = this;
    if (Object.values(collections).some(({ size }) => size > 0)) return true;
    const before: { readonly [field: string]: unknown } = { ...this.state.info };
    return Object.entries(info).some(([field, value]) => value !== before[field]);
  }

  /** What it does to the run's collections; activity ids follow from the activities. */
  get collections(): CollectionChanges {
    return {
      activities: this.activities.changes,
      timers: this.timers.changes,
      children: this.children.changes,
      externals: this.externals.changes,
      signalRequests: this.signalRequests.changes,
      updates: this.updates.changes,
      completedUpdates: this.completedUpdates.changes,
    };
  }

  /** Makes the draft the run's state. */
  keep(): void {
    this.state.info = this.info;
    this.activities.keep();
    this.activityIds.keep();
    this.timers.keep();
    this.children.keep();
    this.externals.keep();
    this.signalRequests.keep();
    this.updates.keep();
    this.completedUpdates.keep();
  }

  #make<N extends EventName>(
    name: N,
    attributes: EventAttributes<N>,
    extras: EventExtras = {},
  ): HistoryEvent {
    const event: HistoryEvent = {
      eventType: eventTypeOf(name),
      [`${name}EventAttributes`]: attributes,
    };
    if (extras.userMetadata) event.userMetadata = extras.userMetadata;
    if (extras.links && extras.links.length > 0) event.links = extras.links;
    if (name === 'workflowExecutionOptionsUpdated') event.workerMayIgnore = true;
    return event;
  }

  #write(event: HistoryEvent, atMs: number): number {
    const id = this.info.nextEventId;
    const bytes = eventCodec.encode(identified(event, id, atMs)).finish();
    this.events.push({ id, type: event.eventType ?? 0, bytes });
    this.info.nextEventId = id + 1;
    this.info.historySizeBytes += bytes.length;
    return id;
  }
}

function identified(event: HistoryEvent, id: number, atMs: number): HistoryEvent {
  event.eventId = int64(id);
  event.taskId = int64(TASK_ID_BASE + id);
  event.eventTime ??= timestamp(atMs);
  return event;
}

/** Ends of activities and children come last, as Temporal orders what it had buffered. */
function inOrder(events: readonly HistoryEvent[]): HistoryEvent[] {
  const ends = events.filter(endsSomething);
  return ends.length === 0 ? [...events] : [...events.filter((e) => !endsSomething(e)), ...ends];
}

function endsSomething(event: HistoryEvent): boolean {
  return startedReference(event) !== undefined;
}

interface StartedReference {
  scheduledEventId?: unknown;
  initiatedEventId?: unknown;
  startedEventId?: unknown;
}

/** The attributes of an event that refers to the start of what it ends. */
function startedReference(event: HistoryEvent): StartedReference | undefined {
  return (
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes ??
    event.childWorkflowExecutionCompletedEventAttributes ??
    event.childWorkflowExecutionFailedEventAttributes ??
    event.childWorkflowExecutionCanceledEventAttributes ??
    event.childWorkflowExecutionTimedOutEventAttributes ??
    event.childWorkflowExecutionTerminatedEventAttributes ??
    undefined
  );
}

function wireStartedId(event: HistoryEvent, startedIds: ReadonlyMap<number, number>): void {
  const reference = startedReference(event);
  if (!reference || reference.startedEventId !== BUFFERED_ID) return;
  const subject = Number(reference.scheduledEventId ?? reference.initiatedEventId);
  reference.startedEventId = startedIds.get(subject) ?? 0;
}

/** Remembers which id a start got, and tells a child that is still open. */
function noteStarted(
  event: HistoryEvent,
  id: number,
  startedIds: Map<number, number>,
  draft: Draft,
): void {
  const activity = event.activityTaskStartedEventAttributes;
  if (activity) startedIds.set(Number(activity.scheduledEventId), id);
  const started = event.childWorkflowExecutionStartedEventAttributes;
  if (!started) return;
  const initiatedEventId = Number(started.initiatedEventId);
  startedIds.set(initiatedEventId, id);
  const child = draft.children.get(initiatedEventId);
  if (child) draft.children.set(initiatedEventId, { ...child, startedEventId: id });
}
