/**
 * The composition root: a folder in, a running app out. The only place (with `app/` and `cli/`) that
 * knows every host by name.
 *
 * Order of life: the registry is loaded and every Lua source compiled before anything starts; then
 * services start in the registry's order; a failed start stops what had started, in reverse.
 */
import { randomBytes } from 'node:crypto';
import { chooseHost } from './app/host-choice.js';
import { LocalSide } from './app/local.js';
import { nodePort } from './app/node-port.js';
import { loadScripts } from './app/scripts.js';
import type { ServerStorage } from './app/servers.js';
import { hostNotStarted, type ServiceInfo, Services } from './app/services.js';
import { checkModuleUse, checkSources } from './app/sources.js';
import type { TemporalSide } from './app/temporal.js';
import { type Pid, parsePid } from './core/pid.js';
import { fengariEngine } from './lua/fengari/engine.js';
import { standardModules } from './lua/modules/index.js';
import { formatProblem, loadRegistry, type Registry } from './registry/index.js';
import type { Clock } from './runtime/clock.js';
import type { NodeListener } from './runtime/events.js';
import { Node } from './runtime/node.js';
import { Runtime } from './runtime/runtime.js';
import { SystemClock } from './runtime/system-clock.js';
import type { Clock as ServerClock } from './temporal-server/index.js';

export interface AppOptions {
  /** Folder with the app's `_index.yaml` files. */
  readonly dir: string;
  /** Temporal server for every client of the app, `host:port`, instead of what the clients declare. */
  readonly address?: string | undefined;
  /** Jump over idle time; the app then has an embedded Temporal server of its own. Default false. */
  readonly skipTime?: boolean;
  /**
   * Where embedded Temporal servers keep their data: in a folder, with a file for each, or in one file.
   * Default: in memory.
   */
  readonly storage?: ServerStorage | undefined;
  /** Name of this node; each start adds an incarnation to it. Default `node`. */
  readonly nodeName?: string;
  /** Environment variables that the app may see. Default: the process's own. */
  readonly env?: { readonly [name: string]: string | undefined };
  /** Where Lua's `print` goes, without a line end. Default: stdout. */
  readonly print?: (text: string) => void;
  /** Aborted: the start is given up, and what has started is stopped again. */
  readonly signal?: AbortSignal;
  /**
   * Looks at the configuration before anything starts; what it throws ends the start. For a program that
   * knows what it will run, so that a wrong name costs nothing.
   */
  readonly before?: (registry: Registry) => void;
  /** Told of everything that happens, from the first start on. */
  readonly onEvent?: NodeListener;
}

export interface App {
  readonly runtime: Runtime;
  readonly registry: Registry;
  /** Every service of the app, with its state as it is now, in start order. */
  services(): readonly ServiceInfo[];
  /** What a person should know about this start: data in memory, settings without effect. */
  readonly notices: readonly string[];
  /** True for a process of a `terminal.host`, whose whole-number result is the exit code. */
  isTerminal(pid: Pid): boolean;
  /**
   * Stops everything in reverse order, within the services' stop timeouts. Workflows stay open.
   * @param withinMs one deadline for the processes of all services together. Default: none.
   * @returns what a person should know: what did not stop in time, what is lost with the memory.
   */
  stop(withinMs?: number): Promise<readonly string[]>;
}

const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/**
 * Starts the app in `options.dir`. It keeps the program alive until it is stopped.
 * @throws PerdureError INVALID with every problem of the configuration and of the Lua sources;
 *   UNAVAILABLE where a Temporal server cannot be reached. Nothing is left running then.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const modules = standardModules();
  const moduleNames = new Set(modules.map(({ name }) => name));
  const registry = await loadRegistry(options.dir, { modules: moduleNames });
  const engine = () => fengariEngine(modules);
  checkSources(registry, engine());
  checkModuleUse(registry, modules);
  const scripts = await loadScripts(registry);
  options.before?.(registry);

  const notices = registry.warnings.map(formatProblem);
  const env = options.env ?? process.env;
  const skipping = options.skipTime ? await skippingClock() : undefined;
  const node = new Node({
    name: `${options.nodeName ?? 'node'}-${randomBytes(4).toString('hex')}`,
    clock: skipping === undefined ? new SystemClock() : sharedClock(skipping),
  });
  if (options.onEvent !== undefined) node.events.subscribe(options.onEvent);
  const print = options.print ?? ((text: string) => process.stdout.write(`${text}\n`));
  const local = new LocalSide({ registry, node, engine, scripts, env, print });
  const temporal = await temporalSide(registry, {
    registry,
    node,
    port: nodePort(node, print),
    functions: scripts.functions,
    env,
    address: options.address,
    skippingClock: skipping,
    storage: options.storage ?? { kind: 'memory' },
    notice: (text) => notices.push(text),
  });
  await temporal?.prepare();
  const runtime = new Runtime(node, (entry, requested) => {
    const host = chooseHost(registry, entry, requested);
    if (node.host(host) === undefined && registry.get(host) !== undefined)
      throw hostNotStarted(host);
    return host;
  });
  const services = new Services({ registry, node, runtime, local, temporal });
  // Processes that only wait give Node no reason to stay; a running app is one.
  const alive = setInterval(() => {}, LONGEST_INTERVAL_MS);
  const stopAll = async (withinMs: number): Promise<readonly string[]> => {
    const stopBy = performance.now() + withinMs;
    const late = await services.stop(withinMs);
    await local.stop(Math.max(0, stopBy - performance.now()));
    const lost = (await temporal?.close()) ?? [];
    clearInterval(alive);
    return [...late, ...lost];
  };
  let stopped: Promise<readonly string[]> | undefined;
  const stop = (withinMs = Number.POSITIVE_INFINITY): Promise<readonly string[]> => {
    stopped ??= stopAll(withinMs);
    return stopped;
  };
  const giveUp = (): void => void stop();
  options.signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await services.start();
  } catch (error) {
    await stop();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
  return {
    runtime,
    registry,
    services: () => services.status(),
    notices,
    isTerminal: (pid) => registry.get(parsePid(pid)?.host ?? '')?.kind === 'terminal.host',
    stop,
  };
}

/** The Temporal packages take half a second to load: only for apps that use them. */
async function temporalSide(
  registry: Registry,
  options: ConstructorParameters<typeof TemporalSide>[0],
): Promise<TemporalSide | null> {
  if (registry.ofKind('temporal.client').length === 0) return null;
  const { TemporalSide } = await import('./app/temporal.js');
  return new TemporalSide(options);
}

async function skippingClock(): Promise<ServerClock> {
  const server = await import('./temporal-server/index.js');
  return server.skippingClock();
}

/** The server's clock as the node reads it, so that both live in the same time. */
function sharedClock(clock: ServerClock): Clock {
  return {
    now: () => clock.now(),
    setTimer: (delayMs, fire) => clock.setTimer(clock.now() + delayMs, fire),
    clearTimer: (timer) => clock.clearTimer(timer),
    hold: (reason) => clock.hold(reason),
  };
}
