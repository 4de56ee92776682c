/**
 * The server: its parts put together behind one address.
 */
import { type Clock, skippingClock, systemClock } from './clock.js';
import { Engine, type Task } from './engine/engine.js';
import type { ServerEvent } from './engine/events.js';
import { CLOSED_RUN_LIMITS, type ClosedRunLimits } from './engine/retention.js';
import { deliverTransfer } from './engine/transfers.js';
import { activityTaskMethods } from './frontend/activity-tasks.js';
import { describeMethods } from './frontend/describe.js';
import { executionMethods } from './frontend/executions.js';
import { historyMethods } from './frontend/history.js';
import { listMethods } from './frontend/list.js';
import { multiOperationMethods } from './frontend/multi-operation.js';
import { operatorMethods } from './frontend/operator.js';
import { resetMethods } from './frontend/resets.js';
import { healthMethods, systemMethods, testMethods } from './frontend/system.js';
import { updateMethods } from './frontend/updates.js';
import { workflowTaskMethods } from './frontend/workflow-tasks.js';
import type { CallHost } from './grpc/call.js';
import { type Edge, openEdge, type Service } from './grpc/edge.js';
import type { IsBackground } from './history/activity-schedule.js';
import { idMaker } from './ids.js';
import { Matching } from './matching.js';
import { MemoryStore } from './memory-store.js';
import { Namespaces } from './namespaces.js';
import type { SearchAttributeType } from './visibility/attributes.js';

export interface TemporalServerOptions {
  /** Default 7233; 0 is any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default `['default']`. */
  readonly namespaces?: readonly string[];
  /** Default: real time, or a skipping clock with `timeSkipping`. */
  readonly clock?: Clock;
  /** Skip time whenever nothing is in progress. Default false. With `clock`, that clock decides. */
  readonly timeSkipping?: boolean;
  /** Custom search attributes that every namespace starts with. */
  readonly searchAttributes?: { readonly [name: string]: SearchAttributeType };
  /** Told what happens: see {@link ServerEvent}. */
  readonly onEvent?: (event: ServerEvent) => void;
  /**
   * How many closed runs are kept at most, and how much history of theirs, before their namespace's
   * retention (24 h of real time by default) is over; the first to close go first. Default 20,000
   * runs and 256 MiB.
   */
  readonly closedRunLimits?: Partial<ClosedRunLimits>;
  /** Activities that do not count as work when deciding whether time may be skipped. Default none. */
  readonly isBackground?: IsBackground;
}

/** A server that is up. */
export interface TemporalServer {
  /** `host:port`, an IPv6 host in brackets. */
  readonly address: string;
  readonly clock: Clock;
  /** Ends long polls, lets calls in progress end, and closes the port. */
  close(): Promise<void>;
}

export const DEFAULT_PORT = 7233;

/** How long calls in progress have to end when the server closes, in real time. */
const CLOSE_LIMIT_MS = 500;

/**
 * Starts a Temporal-compatible server that keeps its data in memory.
 *
 * @throws Error when the port cannot be had
 */
export async function startTemporalServer(
  options: TemporalServerOptions = {},
): Promise<TemporalServer> {
  const clock = options.clock ?? (options.timeSkipping ? skippingClock() : systemClock());
  const observe = options.onEvent ?? ((event: ServerEvent) => reportDefect(event));
  const engine = engineOf(options, clock, observe);
  const closing = new Set<() => void>();
  const calls: CallHost = {
    clock,
    onClose(end) {
      closing.add(end);
      return () => closing.delete(end);
    },
  };
  const host = options.host ?? '127.0.0.1';
  const edge = await openEdge({
    host,
    port: options.port ?? DEFAULT_PORT,
    services: servicesOf(engine),
    calls,
    onDefect: (where, error) => observe({ kind: 'defect', where, error }),
  });
  const address = `${host.includes(':') ? `[${host}]` : host}:${edge.port}`;
  observe({ kind: 'listening', address });
  return { address, clock, close: () => close(engine, edge, closing, observe) };
}

function engineOf(
  options: TemporalServerOptions,
  clock: Clock,
  observe: (event: ServerEvent) => void,
): Engine {
  const newId = idMaker(() => clock.now());
  const namespaces = new Namespaces(newId, options.searchAttributes ?? {});
  for (const name of options.namespaces ?? ['default']) namespaces.register(name);
  return new Engine({
    clock,
    store: new MemoryStore(),
    matching: new Matching<Task>(),
    namespaces,
    newId,
    closedRunLimits: { ...CLOSED_RUN_LIMITS, ...options.closedRunLimits },
    isBackground: options.isBackground ?? (() => false),
    observe,
    deliver: deliverTransfer,
  });
}

function servicesOf(engine: Engine): Service[] {
  return [
    {
      name: 'temporal.api.workflowservice.v1.WorkflowService',
      methods: {
        ...systemMethods(engine),
        ...executionMethods(engine),
        ...updateMethods(engine),
        ...resetMethods(engine),
        ...multiOperationMethods(engine),
        ...historyMethods(engine),
        ...describeMethods(engine),
        ...listMethods(engine),
        ...workflowTaskMethods(engine),
        ...activityTaskMethods(engine),
      },
    },
    { name: 'temporal.api.operatorservice.v1.OperatorService', methods: operatorMethods(engine) },
    { name: 'temporal.api.testservice.v1.TestService', methods: testMethods(engine, false) },
    { name: 'grpc.health.v1.Health', methods: healthMethods() },
  ];
}

async function close(
  engine: Engine,
  edge: Edge,
  closing: ReadonlySet<() => void>,
  observe: (event: ServerEvent) => void,
): Promise<void> {
  for (const end of [...closing]) end();
  await edge.close(CLOSE_LIMIT_MS);
  engine.close();
  observe({ kind: 'closed' });
}

/** Without an observer a defect is at least written somewhere. */
function reportDefect(event: ServerEvent): void {
  if (event.kind === 'defect')
    process.emitWarning(`temporal-server: ${event.where} failed: ${String(event.error)}`);
}
