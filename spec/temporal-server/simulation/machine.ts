/**
 * The server of a simulation: engine, task queues and file store, without a network. It can stop at
 * any instant, and start again from what is on the disk.
 */
import type { Clock, TimerHandle } from '../../../src/temporal-server/clock.js';
import { Engine } from '../../../src/temporal-server/engine/engine.js';
import type { Task } from '../../../src/temporal-server/engine/task.js';
import { deliverTransfer } from '../../../src/temporal-server/engine/transfers.js';
import { FileStore } from '../../../src/temporal-server/file/file-store.js';
import type { Bytes } from '../../../src/temporal-server/file/writer.js';
import { activityTaskMethods } from '../../../src/temporal-server/frontend/activity-tasks.js';
import { executionMethods } from '../../../src/temporal-server/frontend/executions.js';
import { historyMethods } from '../../../src/temporal-server/frontend/history.js';
import { workflowTaskMethods } from '../../../src/temporal-server/frontend/workflow-tasks.js';
import type { Call } from '../../../src/temporal-server/grpc/call.js';
import type { Method } from '../../../src/temporal-server/grpc/edge.js';
import { Matching } from '../../../src/temporal-server/matching.js';
import { Namespaces } from '../../../src/temporal-server/namespaces.js';
import { type MethodShape, methodsOf } from '../../../src/temporal-server/proto.js';
import type { Store } from '../../../src/temporal-server/store.js';
import type { Agenda } from './agenda.js';
import type { Disk } from './disk.js';
import type { Random } from './random.js';

const shapes: ReadonlyMap<string, MethodShape> = new Map(
  methodsOf('temporal.api.workflowservice.v1.WorkflowService').map((shape) => [shape.name, shape]),
);

/** The server has stopped while the call was out: whether it was carried out is not known. */
export class Disconnected extends Error {}

export interface MachineParts {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly disk: Disk;
  readonly onDefect: (where: string, error: unknown) => void;
}

interface Life {
  readonly engine: Engine;
  readonly store: Store;
  readonly methods: { readonly [name: string]: Method };
  /** What ends the calls that are out. */
  readonly cuts: Set<() => void>;
  readonly timers: Set<object>;
  over: boolean;
}

type OpenStore = new (db: Bytes, owner: { release(): Promise<void> }) => Store;

export class Machine {
  readonly #parts: MachineParts;
  #life: Life | undefined;

  constructor(parts: MachineParts) {
    this.#parts = parts;
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  get engine(): Engine | undefined {
    return this.#life?.engine;
  }

  get store(): Store | undefined {
    return this.#life?.store;
  }

  async start(): Promise<void> {
    const { agenda, random, disk, onDefect } = this.#parts;
    const timers = new Set<object>();
    const clock = clockOf(agenda, timers);
    // The file itself is left out: what it does when it is opened has specs of its own.
    const owner = { release: async () => {} };
    const store = new (FileStore as unknown as OpenStore)(disk.mount(), owner);
    const newId = () => random.id();
    const namespaces = new Namespaces(newId, {}, store);
    let life: Life | undefined;
    const engine = new Engine({
      clock,
      store,
      matching: new Matching<Task>(() => agenda.nowMs),
      namespaces,
      newId,
      isBackground: () => false,
      observe: (event) => {
        if (event.kind === 'defect' && !life?.over) onDefect(event.where, event.error);
      },
      deliver: deliverTransfer,
    });
    const methods = {
      ...executionMethods(engine),
      ...historyMethods(engine),
      ...workflowTaskMethods(engine),
      ...activityTaskMethods(engine),
    };
    life = { engine, store, methods, cuts: new Set(), timers, over: false };
    await namespaces.prepare(['default']);
    this.#life = life;
    engine.recover();
  }

  /** Stops at once: calls are cut off, timers are gone, and no write comes to an end. */
  crash(): void {
    const life = this.#life;
    if (!life) return;
    this.#life = undefined;
    life.over = true;
    this.#parts.disk.mount();
    life.engine.close();
    for (const timer of life.timers) this.#parts.agenda.forget(timer);
    for (const cut of [...life.cuts]) cut();
  }

  /**
   * A call as it comes over the wire.
   *
   * @param patienceMs - how long a long poll waits; it is for ever without it
   */
  async call<T>(name: string, request: object, patienceMs?: number): Promise<T> {
    const life = this.#life;
    const shape = shapes.get(name);
    if (!life) throw new Disconnected('the server is down');
    if (!shape) throw new Error(`there is no method ${name}`);
    const received = shape.request.decode(shape.request.encode(request).finish());
    const answer = await this.#untilCut(life, async () =>
      life.methods[name]?.(received as never, this.#callOf(patienceMs)),
    );
    const bytes = answer instanceof Uint8Array ? answer : shape.response.encode(answer).finish();
    return shape.response.decode(bytes) as T;
  }

  #untilCut<T>(life: Life, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cut = () => reject(new Disconnected('the server has stopped'));
      life.cuts.add(cut);
      const settle =
        <V>(how: (value: V) => void) =>
        (value: V) => {
          life.cuts.delete(cut);
          if (!life.over) how(value);
        };
      work().then(settle(resolve), settle(reject));
    });
  }

  #callOf(patienceMs: number | undefined): Call {
    const { agenda } = this.#parts;
    return {
      gone: false,
      deadlineMs: Number.POSITIVE_INFINITY,
      park: <T>(_limitMs: number, subscribe: (deliver: (value: T) => void) => () => void) =>
        new Promise<T | undefined>((resolve) => {
          const end = (value: T | undefined) => {
            if (limit) agenda.forget(limit);
            unsubscribe();
            resolve(value);
          };
          let unsubscribe = () => {};
          const limit =
            patienceMs === undefined ? undefined : agenda.after(patienceMs, () => end(undefined));
          unsubscribe = subscribe(end);
        }),
    };
  }
}

/** The clock of one life of the server: its timers end with it. */
function clockOf(agenda: Agenda, timers: Set<object>): Clock {
  const release = () => {};
  return {
    now: () => agenda.nowMs,
    setTimer(atMs: number, fire: () => void): TimerHandle {
      const timer = agenda.at(atMs, () => {
        timers.delete(timer);
        fire();
      });
      timers.add(timer);
      return timer;
    },
    clearTimer(timer: TimerHandle) {
      timers.delete(timer);
      agenda.forget(timer);
    },
    hold: () => release,
  };
}
