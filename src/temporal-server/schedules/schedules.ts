/**
 * The schedules of a server: their records, the timers that wake them, and what they start.
 *
 * 1. What happens to one schedule happens one after the other.
 * 2. A change is stored before it is acknowledged, and before an action that follows from it; an
 *    action that is taken again after a crash finds the workflow that it started.
 * 3. A schedule that is at work holds the clock.
 */

import type { Clock, TimerHandle } from '../clock.js';
import { workflowNotFound } from '../errors.js';
import { pairKey } from '../pair-key.js';
import type { BufferedStart, Execution, Patch, ScheduleRecord, ScheduleStore } from './record.js';
import {
  type Advanced,
  acted,
  advance,
  backfilled,
  canAct,
  decide,
  type End,
  ended,
  expiryMs,
  patched,
  takeAction,
} from './rules.js';
import { type CompiledSpec, compileSpec } from './spec.js';

/** What schedules need of the engine. */
export interface ScheduleWorld {
  readonly clock: Clock;
  /** The run id; undefined when the workflow was not started, because its id is taken. */
  start(record: ScheduleRecord, start: BufferedStart): Promise<Execution | undefined>;
  cancel(record: ScheduleRecord, execution: Execution): Promise<void>;
  terminate(record: ScheduleRecord, execution: Execution): Promise<void>;
  /** How the chain of runs that began with `execution` ended; undefined while it goes on. */
  end(record: ScheduleRecord, execution: Execution): End | undefined;
  background(where: string, work: () => Promise<void>): void;
  /** Does work however long the store refuses to write what comes of it. */
  untilStored<T>(work: () => T | Promise<T>): Promise<T>;
}

interface Entry {
  record: ScheduleRecord;
  /** The store has it. */
  isStored: boolean;
  spec: CompiledSpec;
  timer: TimerHandle | undefined;
  /** The end of what is being done with it. */
  busy: Promise<unknown>;
  dropped: boolean;
}

/** Schedules show up in lists and errors as the workflows that run them in a Temporal cluster. */
export const WORKFLOW_ID_PREFIX = 'temporal-sys-scheduler:';

export class Schedules {
  readonly #world: ScheduleWorld;
  readonly #store: ScheduleStore;
  readonly #entries = new Map<string, Entry>();
  /** Whose a run is that has been started and has not ended. */
  readonly #byRun = new Map<string, Entry>();

  constructor(world: ScheduleWorld, store: ScheduleStore) {
    this.#world = world;
    this.#store = store;
  }

  /** Takes up what the store has kept: what fell due meanwhile is caught up with. */
  open(): void {
    for (const record of this.#store.schedules())
      this.#work(this.#add(record, true), async () => {});
  }

  find(
    namespace: string,
    scheduleId: string,
  ): { record: ScheduleRecord; spec: CompiledSpec } | undefined {
    return this.#entries.get(pairKey(namespace, scheduleId));
  }

  of(namespace: string): { record: ScheduleRecord; spec: CompiledSpec }[] {
    return [...this.#entries.values()].filter(({ record }) => record.namespace === namespace);
  }

  async create(record: ScheduleRecord, patch: Patch | undefined): Promise<void> {
    const entry = this.#add(record, false);
    await this.#change(entry, (before) => (patch ? patched(before, patch, this.#now()) : before));
  }

  async patch(namespace: string, scheduleId: string, patch: Patch): Promise<void> {
    await this.#change(this.#get(namespace, scheduleId), (record) =>
      patched(record, patch, this.#now()),
    );
  }

  /** @param change - gives the record with another schedule; may throw what the client is told */
  async update(
    namespace: string,
    scheduleId: string,
    change: (record: ScheduleRecord) => ScheduleRecord,
  ): Promise<void> {
    await this.#change(this.#get(namespace, scheduleId), change);
  }

  async delete(namespace: string, scheduleId: string): Promise<void> {
    const entry = this.#get(namespace, scheduleId);
    this.#forget(entry);
    await this.#store.dropSchedule(namespace, scheduleId);
  }

  /** A run has closed that may be one of a schedule's. @param firstRunId - of its chain */
  closed(firstRunId: string): void {
    const entry = this.#byRun.get(firstRunId);
    if (entry && !entry.dropped) this.#work(entry, async () => {});
  }

  close(): void {
    for (const entry of this.#entries.values()) this.#disarm(entry);
  }

  #now(): number {
    return this.#world.clock.now();
  }

  #add(record: ScheduleRecord, isStored: boolean): Entry {
    const entry: Entry = {
      record,
      isStored,
      spec: specOf(record),
      timer: undefined,
      busy: Promise.resolve(),
      dropped: false,
    };
    this.#entries.set(pairKey(record.namespace, record.scheduleId), entry);
    for (const { runId } of openActions(record)) this.#byRun.set(runId, entry);
    return entry;
  }

  #get(namespace: string, scheduleId: string): Entry {
    const entry = this.#entries.get(pairKey(namespace, scheduleId));
    if (!entry) throw workflowNotFound(`${WORKFLOW_ID_PREFIX}${scheduleId}`);
    return entry;
  }

  #forget(entry: Entry): void {
    entry.dropped = true;
    this.#disarm(entry);
    this.#entries.delete(pairKey(entry.record.namespace, entry.record.scheduleId));
    for (const { runId } of openActions(entry.record)) this.#byRun.delete(runId);
  }

  /**
   * A change from outside: stored when the promise is kept, acted upon soon after. Where the store refuses it, or
   * it is no good, nothing has changed; a schedule that never came to the store is none.
   */
  #change(entry: Entry, change: (record: ScheduleRecord) => ScheduleRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#work(entry, async () => {
        try {
          this.#advance(entry);
          const record = change(entry.record);
          const spec = specOf(record);
          if (!entry.dropped) await this.#store.putSchedule(record);
          Object.assign(entry, { record, spec, isStored: true });
          resolve();
        } catch (error) {
          if (!entry.isStored) this.#forget(entry);
          reject(error);
        }
      });
    });
  }

  /** What nobody waits for who could ask again. */
  #keepOwn(entry: Entry): Promise<void> {
    return this.#world.untilStored(async () => {
      if (!entry.dropped) await this.#store.putSchedule(entry.record);
    });
  }

  #advance(entry: Entry): Advanced {
    const advanced = advance(entry.record, entry.spec, this.#now());
    entry.record = advanced.record;
    return advanced;
  }

  /** Does `first`, and then all that is due. */
  #work(entry: Entry, first: () => Promise<void>): void {
    const { scheduleId } = entry.record;
    const release = this.#world.clock.hold(`schedule ${scheduleId}`);
    const work = async () => {
      try {
        await first();
        if (!entry.dropped) await this.#act(entry);
      } finally {
        release();
      }
    };
    const done = entry.busy.then(work);
    entry.busy = done.catch(() => {}); // told to the background below
    this.#world.background(`schedule ${scheduleId}`, () => done);
  }

  async #act(entry: Entry): Promise<void> {
    let before: ScheduleRecord;
    let nextMs: number | undefined;
    do {
      before = entry.record;
      this.#takeEnds(entry);
      nextMs = this.#advance(entry).nextMs;
      entry.record = backfilled(entry.record, entry.spec);
      await this.#keepOwn(entry);
      await this.#start(entry);
    } while (!entry.dropped && isUnsettled(before, entry.record));
    if (!entry.dropped) this.#arm(entry, nextMs);
  }

  #takeEnds(entry: Entry): void {
    for (const execution of openActions(entry.record)) {
      const end = this.#world.end(entry.record, execution);
      if (!end) continue;
      entry.record = ended(entry.record, execution.runId, end);
      this.#byRun.delete(execution.runId);
    }
  }

  /** Starts what is to be started now; ends what is in its way. */
  async #start(entry: Entry): Promise<void> {
    const { record, decision } = decide(entry.record);
    entry.record = record;
    for (const start of decision.starts) {
      const allowed = takeAction(entry.record, start);
      if (!allowed) continue;
      const execution = await this.#world.untilStored(() => this.#world.start(allowed, start));
      if (!execution) continue;
      const action = {
        ...execution,
        scheduledMs: start.dueMs,
        actualMs: this.#now(),
        status: RUNNING,
      };
      entry.record = acted(allowed, action, start === decision.alone);
      this.#byRun.set(action.runId, entry);
    }
    const { record: after } = entry;
    for (const execution of after.running) {
      if (decision.terminate)
        await this.#world.untilStored(() => this.#world.terminate(after, execution));
      else if (decision.cancel)
        await this.#world.untilStored(() => this.#world.cancel(after, execution));
    }
    await this.#keepOwn(entry);
  }

  #disarm(entry: Entry): void {
    if (entry.timer) this.#world.clock.clearTimer(entry.timer);
    entry.timer = undefined;
  }

  #arm(entry: Entry, nextMs: number | undefined): void {
    this.#disarm(entry);
    const { clock } = this.#world;
    if (nextMs !== undefined && canAct(entry.record)) {
      entry.timer = clock.setTimer(nextMs, () => this.#work(entry, async () => {}));
      return;
    }
    const atMs = expiryMs(entry.record, nextMs);
    if (atMs === undefined) return;
    const { namespace, scheduleId } = entry.record;
    const expire = () =>
      this.#world.background('schedule', () => this.delete(namespace, scheduleId));
    entry.timer = clock.setTimer(atMs, expire, { skippable: false });
  }
}

const RUNNING = 1;

/** What the schedule has started and does not know the end of. */
function openActions({ running, recent }: ScheduleRecord): Iterable<Execution> {
  const open = recent.filter(({ status }) => status === RUNNING);
  return new Map([...running, ...open].map((each) => [each.runId, each])).values();
}

/** Whether something has happened that may let more happen. */
function isUnsettled(before: ScheduleRecord, after: ScheduleRecord): boolean {
  return (
    after.actionCount !== before.actionCount ||
    (after.backfills.length > 0 && after.backfills[0] !== before.backfills[0])
  );
}

function specOf(record: ScheduleRecord): CompiledSpec {
  return compileSpec(record.schedule.spec ?? {}, `${record.namespace}-${record.scheduleId}`);
}
