/**
 * The server: its parts put together behind one address.
 */
import { Batches } from './batches/batches.js';
import { type Clock, skippingClock, systemClock } from './clock.js';
import { Engine } from './engine/engine.js';
import type { ServerEvent } from './engine/events.js';
import type { Task } from './engine/task.js';
import { deliverTransfer } from './engine/transfers.js';
import { moveTreeAhead, PATIENCE_MS, resumeMoves } from './engine/tree-clock.js';
import { activityOperationMethods } from './frontend/activity-operations.js';

import { activityTaskMethods } from './frontend/activity-tasks.js';
import { batchWorld } from './frontend/batch-operations.js';
import { batchMethods } from './frontend/batches.js';
import { clockMethods } from './frontend/clocks.js';
import { describeMethods } from './frontend/describe.js';
import { executionOptionMethods } from './frontend/execution-options.js';
import { executionMethods } from './frontend/executions.js';
import { historyMethods } from './frontend/history.js';
import { listMethods } from './frontend/list.js';
import { multiOperationMethods } from './frontend/multi-operation.js';
import { clearDeleted, type NamespaceContents } from './frontend/namespace-deletion.js';
import { operatorMethods } from './frontend/operator.js';
import { resetMethods } from './frontend/resets.js';
import { scheduleWorld } from './frontend/schedule-world.js';
import { scheduleMethods } from './frontend/schedules.js';
import { healthMethods, systemMethods, testMethods } from './frontend/system.js';
import { updateMethods } from './frontend/updates.js';
import { workflowTaskMethods } from './frontend/workflow-tasks.js';
import type { CallHost } from './grpc/call.js';
import { type Edge, openEdge, type Service } from './grpc/edge.js';
import { reflection } from './grpc/reflection.js';
import { guardOf } from './grpc/security.js';
import { idMaker } from './ids.js';
import { Matching } from './matching.js';
import { CLOSED_RUN_LIMITS, MemoryStore } from './memory-store.js';
import { CallMetrics } from './metrics/calls.js';
import { Namespaces } from './namespaces.js';
import {
  checkOptions,
  DEFAULT_PORT,
  invalidOption,
  LOOPBACK,
  type TemporalServerOptions,
} from './options.js';
import { CLOCK_SERVICE } from './proto/own.js';
import { Schedules } from './schedules/schedules.js';

import { ServerErrorKind, TemporalServerError } from './server-error.js';
import type { Store } from './store.js';
import { isStoreOpenError } from './store-errors.js';

/** A server that is up. */
export interface TemporalServer {
  /** `host:port`, an IPv6 host in brackets. */
  readonly address: string;
  /** The server's time; one that skips can be held, and read how far it is ahead. */
  readonly clock: Clock;
  /**
   * Moves the clock of a workflow and all its descendants ahead, from one thing that is due to the
   * next; resolves when nothing in the tree is going on any more.
   *
   * @throws Error NOT_FOUND without such a workflow, FAILED_PRECONDITION when the tree does not come to rest
   */
  moveAhead(
    workflow: { readonly workflowId: string; readonly namespace?: string },
    byMs: number,
  ): Promise<void>;
  /** How many workflows are open now, over all namespaces. */
  openWorkflows(): number;
  /** Where Prometheus reads, with `metricsPort`. */
  readonly metricsUrl: string | undefined;
  /** Ends long polls, lets calls in progress end, and closes the port. */
  close(): Promise<void>;
}

/** How long calls in progress have to end when the server closes, in real time. */
const CLOSE_LIMIT_MS = 500;

/**
 * Starts a Temporal-compatible server that keeps its data in memory, or in a file.
 *
 * @example
 * ```ts
 * const server = await startTemporalServer({ port: 0, timeSkipping: true });
 * const connection = await Connection.connect({ address: server.address });
 * // clients and workers as on any Temporal server
 * await server.close();
 * ```
 * @throws TemporalServerError INVALID or INSECURE for an option, ADDRESS_IN_USE or CANNOT_LISTEN for
 *   its place, CANNOT_OPEN for its file; nothing is left open then
 */
export function startTemporalServer(options: TemporalServerOptions = {}): Promise<TemporalServer> {
  return startOnStore(options, openStore);
}

/** The same, on a store that the caller opens. */
export async function startOnStore(
  options: TemporalServerOptions,
  open: (options: TemporalServerOptions, clock: Clock) => Promise<Store>,
): Promise<TemporalServer> {
  checkOptions(options);
  const clock = options.clock ?? (options.timeSkipping ? skippingClock() : systemClock());
  const observe = options.onEvent ?? ((event: ServerEvent) => reportDefect(event));
  const store = await open(options, clock);
  try {
    return await serve(options, clock, observe, store);
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
}

/** The file's database takes a while to load: only for who names a file. */
async function openStore(options: TemporalServerOptions, clock: Clock): Promise<Store> {
  if (options.dbFilename === undefined)
    return new MemoryStore({ ...CLOSED_RUN_LIMITS, ...options.closedRunLimits });
  const { FileStore } = await import('./file/file-store.js');
  const store = await FileStore.open(options.dbFilename).catch((cause) => {
    if (!isStoreOpenError(cause)) throw cause;
    const { CANNOT_OPEN } = ServerErrorKind;
    throw new TemporalServerError(CANNOT_OPEN, cause.message, 'dbFilename', { cause });
  });
  clock.advanceTo?.(store.clockMs());
  return store;
}

async function serve(
  options: TemporalServerOptions,
  clock: Clock,
  observe: (event: ServerEvent) => void,
  store: Store,
): Promise<TemporalServer> {
  const engine = await engineOf(options, clock, observe, store);
  const schedules = new Schedules(scheduleWorld(engine), store);
  engine.closedWatchers.add(({ info }) => schedules.closed(info.firstRunId));
  const batches = new Batches(batchWorld(engine), store);
  const contents = { engine, schedules, batches };
  let address = '';
  const services = servicesOf(contents, options.timeSkipping === 'locked', () => address);
  const closing = new Set<() => void>();
  const metrics = new CallMetrics();
  const host = options.host ?? LOOPBACK;
  const edge = await serveAt(host, options, services, callHost(clock, closing), metrics, observe);
  const page = await servePage(options.metricsPort, engine, metrics).catch(async (thrown) => {
    await edge.close(0);
    throw thrown;
  });
  address = `${host.includes(':') ? `[${host}]` : host}:${edge.port}`;
  engine.recover();
  resumeMoves(engine);
  schedules.open();
  batches.open();
  clearDeleted(contents, namesOf(options));
  observe({ kind: 'listening', address });
  return {
    address,
    clock,
    openWorkflows: () => [...engine.openRuns().values()].reduce((sum, open) => sum + open, 0),
    metricsUrl: page && `http://${LOOPBACK}:${page.port}/metrics`,
    async moveAhead({ workflowId, namespace = 'default' }, byMs) {
      const run = engine.find(namespace, workflowId, '');
      await moveTreeAhead(engine, run, { byMs, patienceMs: PATIENCE_MS, isGone: () => false });
    },
    async close() {
      for (const end of [...closing]) end();
      await Promise.all([edge.close(CLOSE_LIMIT_MS), page?.close()]);
      batches.close();
      schedules.close();
      engine.close();
      await store.close();
      observe({ kind: 'closed' });
    },
  };
}

function callHost(clock: Clock, closing: Set<() => void>): CallHost {
  return {
    clock,
    onClose(end) {
      closing.add(end);
      return () => closing.delete(end);
    },
  };
}

async function serveAt(
  host: string,
  { port = DEFAULT_PORT, tls, apiKey }: TemporalServerOptions,
  services: readonly Service[],
  calls: CallHost,
  metrics: CallMetrics,
  observe: (event: ServerEvent) => void,
): Promise<Edge> {
  try {
    return await openEdge({
      host,
      port,
      services,
      conversations: reflection(services.map(({ name }) => name)),
      calls,
      tls,
      guard: guardOf(apiKey),
      onCall: (method, code, tookMs) => metrics.take(method, code, tookMs),
      onRefused: (why) => observe({ kind: 'connectionRefused', why }),
      onDefect: (where, error) => observe({ kind: 'defect', where, error }),
    });
  } catch (thrown) {
    const { syscall, message } = thrown as NodeJS.ErrnoException;
    if (syscall) throw cannotListen(thrown as NodeJS.ErrnoException, host, port, 'port');
    if (!tls) throw thrown;
    throw invalidOption('tls', `tls: certificate and key cannot be used: ${message}`, thrown);
  }
}

/** The page is loaded where somebody wants it. */
async function servePage(port: number | undefined, engine: Engine, metrics: CallMetrics) {
  if (port === undefined) return undefined;
  const [{ openMetrics }, { metricsText }, { stateFamilies }] = await Promise.all([
    import('./metrics/endpoint.js'),
    import('./metrics/text.js'),
    import('./metrics/state.js'),
  ]);
  const render = () => metricsText([...metrics.families(), ...stateFamilies(engine)]);
  return openMetrics(LOOPBACK, port, render).catch((thrown) => {
    throw cannotListen(thrown, LOOPBACK, port, 'metricsPort');
  });
}

/** What Node says of a place to listen on, as an error of ours. */
function cannotListen(
  cause: NodeJS.ErrnoException,
  host: string,
  port: number,
  option: string,
): TemporalServerError {
  const place = `${host}:${port}`;
  const { ADDRESS_IN_USE, CANNOT_LISTEN } = ServerErrorKind;
  if (cause.code === 'EADDRINUSE') {
    const what = `${option}: ${place} is in use (EADDRINUSE): choose another port, or end what listens there`;
    return new TemporalServerError(ADDRESS_IN_USE, what, option, { cause });
  }
  const what = `cannot listen on ${place}: ${cause.message}`;
  const where = cause.code === 'EACCES' ? option : 'host';
  return new TemporalServerError(CANNOT_LISTEN, what, where, { cause });
}

/** The namespaces that the server is to have. */
function namesOf({ namespaces }: TemporalServerOptions): readonly string[] {
  return namespaces ?? ['default'];
}

async function engineOf(
  options: TemporalServerOptions,
  clock: Clock,
  observe: (event: ServerEvent) => void,
  store: Store,
): Promise<Engine> {
  const newId = idMaker(() => clock.now());
  const namespaces = new Namespaces(newId, options.searchAttributes ?? {}, store);
  await namespaces.prepare(namesOf(options));
  return new Engine({
    clock,
    store,
    matching: new Matching<Task>(),
    namespaces,
    newId,
    isBackground: options.isBackground ?? (() => false),
    observe,
    deliver: deliverTransfer,
  });
}

function servicesOf(
  contents: NamespaceContents,
  isTimeLocked: boolean,
  address: () => string,
): Service[] {
  const { engine, schedules, batches } = contents;
  const temporal: Service[] = [
    {
      name: 'temporal.api.workflowservice.v1.WorkflowService',
      methods: {
        ...systemMethods(engine),
        ...executionMethods(engine),
        ...updateMethods(engine),
        ...resetMethods(engine),
        ...executionOptionMethods(engine),
        ...scheduleMethods(engine, schedules),
        ...batchMethods(engine, batches),
        ...multiOperationMethods(engine),
        ...historyMethods(engine),
        ...describeMethods(engine),
        ...listMethods(engine),
        ...workflowTaskMethods(engine),
        ...activityTaskMethods(engine),
        ...activityOperationMethods(engine),
      },
    },
    {
      name: 'temporal.api.operatorservice.v1.OperatorService',
      methods: operatorMethods(contents, address),
    },
    { name: 'temporal.api.testservice.v1.TestService', methods: testMethods(engine, isTimeLocked) },
    { name: CLOCK_SERVICE, methods: clockMethods(engine) },
  ];
  const names = temporal.map(({ name }) => name);
  return [...temporal, { name: 'grpc.health.v1.Health', methods: healthMethods(names) }];
}

/** Without an observer a defect is at least written somewhere. */
function reportDefect(event: ServerEvent): void {
  if (event.kind === 'defect')
    process.emitWarning(`temporal-server: ${event.where} failed: ${String(event.error)}`);
}
