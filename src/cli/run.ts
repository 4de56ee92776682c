/** `perdure run`: starts an app; with `-x` runs one entry, prints what it returned and stops. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { splitAddress } from '../app/addresses.js';
import { chooseHost } from '../app/host-choice.js';
import type { ServerStorage } from '../app/servers.js';
import { type App, startApp } from '../app.js';
import { parseDuration } from '../core/duration.js';
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import type { ExitResult } from '../core/signal.js';
import type { Registry } from '../registry/index.js';
import { ExitCode } from './exit-codes.js';
import { type Output, openOutput } from './output.js';
import { untilSignal } from './signals.js';

export interface RunFlags {
  readonly execute?: string;
  readonly input: readonly string[];
  readonly host?: string;
  readonly address?: string;
  readonly timeout?: string;
  readonly skipTime?: boolean;
  readonly dbFilename?: string;
  readonly ephemeral?: boolean;
  readonly json?: boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly color?: boolean;
}

/** What the flags mean, once they were checked. */
interface Plan {
  readonly inputs: readonly Value[];
  readonly timeoutMs: number | null;
}

/** Why a run ends before its work is done. */
type Interruption =
  | { readonly kind: 'timeout' }
  | { readonly kind: 'signal'; readonly code: number };

/** How a run of one entry came to its end. */
type Outcome = Interruption | { readonly kind: 'exit'; readonly result: ExitResult };

/** How long a start that was given up may take to be undone. */
const UNDO_LIMIT_MS = 5000;

/** How long a stop takes before a person is told what it waits for. */
const PATIENCE_MS = 1000;

/** Hosts with such ids are perdure's own. */
const BUILT_IN_PREFIX = 'perdure:';

/** In the app's folder. */
const DATA_FOLDER = '.perdure';

export async function run(dir: string, flags: RunFlags): Promise<number> {
  const output = await openOutput(flags);
  try {
    const plan = readFlags(flags);
    const interrupted = untilInterrupted(plan.timeoutMs);
    const app = await start(dir, flags, interrupted, output);
    if (!('runtime' in app)) return giveUp(app, 'the app', flags, null, output);
    for (const notice of app.notices) output.say(notice);
    try {
      return await runApp(app, flags, plan, interrupted, output);
    } finally {
      await stop(app, output);
    }
  } catch (thrown) {
    const error = PerdureError.from(thrown);
    output.complain(null, error);
    return exitCodeOf(error);
  } finally {
    output.close();
  }
}

/** The app, or what came before it was up; then all that had started is stopped again. */
async function start(
  dir: string,
  flags: RunFlags,
  interrupted: Promise<Interruption>,
  output: Output,
): Promise<App | Interruption> {
  const abort = new AbortController();
  const starting = startApp({
    dir,
    address: flags.address,
    skipTime: flags.skipTime ?? false,
    storage: storageOf(dir, flags),
    print: output.print,
    onEvent: output.note,
    signal: abort.signal,
    before: (registry) => checkExecute(registry, flags),
  });
  const first = await Promise.race([starting, interrupted]);
  if ('runtime' in first) return first;
  abort.abort();
  const undone = starting.then(
    (app) => app.stop(),
    () => {}, // It says that it was given up, which is known.
  );
  await Promise.race([undone, delay(UNDO_LIMIT_MS, undefined, { ref: false })]);
  return first;
}

/** A restart finds its workflows, unless nobody asked for that: skipped time is for trying things out. */
function storageOf(dir: string, { dbFilename, ephemeral, skipTime }: RunFlags): ServerStorage {
  if (dbFilename !== undefined) return { kind: 'file', file: dbFilename };
  if (ephemeral || skipTime) return { kind: 'memory' };
  return { kind: 'folder', folder: join(dir, DATA_FOLDER) };
}

async function runApp(
  app: App,
  flags: RunFlags,
  plan: Plan,
  interrupted: Promise<Interruption>,
  output: Output,
): Promise<number> {
  if (flags.execute !== undefined) {
    return execute(app, flags.execute, flags, plan, interrupted, output);
  }
  output.say(`${app.registry.dir} is running. Ctrl+C stops it.`);
  const end = await interrupted;
  output.result(null, null);
  return end.kind === 'signal' ? end.code : ExitCode.TIMEOUT;
}

async function execute(
  app: App,
  entry: string,
  flags: RunFlags,
  plan: Plan,
  interrupted: Promise<Interruption>,
  output: Output,
): Promise<number> {
  const spawning = app.runtime.spawn(entry, {
    ...(flags.host !== undefined && { host: flags.host }),
    args: plan.inputs,
  });
  const handle = await Promise.race([spawning, interrupted]);
  if (!('pid' in handle)) return giveUp(handle, entry, flags, null, output);
  const exit = handle.exit.then((result): Outcome => ({ kind: 'exit', result }));
  const outcome = await Promise.race([exit, interrupted]);
  if (outcome.kind !== 'exit') return giveUp(outcome, entry, flags, handle.pid, output);
  return report(app, handle.pid, outcome.result, output);
}

/** Stops the app; a person who waits is told so, and how not to. */
async function stop(app: App, output: Output): Promise<void> {
  process.once('SIGINT', () => process.exit(ExitCode.SIGINT));
  const patience = setTimeout(() => {
    output.say('stopping: waiting for processes to end; Ctrl+C ends at once');
  }, PATIENCE_MS);
  const late = await app.stop();
  clearTimeout(patience);
  for (const line of late) output.say(line);
}

/** What `-x` and `--host` name must be there before anything starts. */
function checkExecute(registry: Registry, { execute: entry, host: requested }: RunFlags): void {
  if (entry === undefined) return;
  const host = chooseHost(registry, entry, requested);
  if (registry.get(host) === undefined && !host.startsWith(BUILT_IN_PREFIX)) {
    throw new PerdureError(ErrorKind.NOT_FOUND, `host not found: ${host} (--host)`);
  }
}

/** Says what was interrupted. @returns the exit code. */
function giveUp(
  end: Interruption,
  what: string,
  flags: RunFlags,
  pid: Pid | null,
  output: Output,
): number {
  const during = pid === null ? 'start' : 'end';
  const error =
    end.kind === 'timeout'
      ? new PerdureError(ErrorKind.TIMEOUT, `${what} did not ${during} within ${flags.timeout}`)
      : new PerdureError(ErrorKind.CANCELED, `${what} was interrupted before its ${during}`);
  output.complain(pid, error);
  return end.kind === 'timeout' ? ExitCode.TIMEOUT : end.code;
}

function untilInterrupted(timeoutMs: number | null): Promise<Interruption> {
  const signal = untilSignal().then((code): Interruption => ({ kind: 'signal', code }));
  if (timeoutMs === null) return signal;
  // The timer must not keep a program alive whose work is done.
  const late = delay(timeoutMs, undefined, { ref: false });
  return Promise.race([signal, late.then((): Interruption => ({ kind: 'timeout' }))]);
}

function report(app: App, pid: Pid, { value, error }: ExitResult, output: Output): number {
  if (error !== null) {
    output.complain(pid, error);
    return ExitCode.ENTRY_FAILED;
  }
  output.result(pid, value);
  return app.isTerminal(pid) && Number.isInteger(value) ? Number(value) & 0xff : ExitCode.OK;
}

function readFlags(flags: RunFlags): Plan {
  if (flags.execute === undefined && flags.input.length > 0) {
    throw usage('--input goes with -x: it is an argument of the entry that -x runs');
  }
  if (flags.execute === undefined && flags.host !== undefined) {
    throw usage('--host goes with -x: it says where the entry that -x names runs');
  }
  const timeoutMs = flags.timeout === undefined ? null : parseDuration(flags.timeout);
  if (timeoutMs === undefined || (timeoutMs !== null && timeoutMs <= 0)) {
    throw usage(`--timeout ${flags.timeout}: expected a duration such as 30s or 5m`);
  }
  if (flags.address !== undefined && splitAddress(flags.address) === undefined) {
    throw usage(`--address ${flags.address}: expected HOST:PORT, such as localhost:7233`);
  }
  if (flags.address !== undefined && flags.skipTime) {
    throw usage('--skip-time needs an embedded server of its own: give it or --address, not both');
  }
  if (flags.dbFilename !== undefined && flags.ephemeral) {
    throw usage('--db-filename keeps data in a file, --ephemeral in memory: give one of them');
  }
  if (flags.dbFilename !== undefined && flags.address !== undefined) {
    throw usage('--db-filename is for an embedded server: give it or --address, not both');
  }
  return { inputs: flags.input.map(parseInput), timeoutMs };
}

function parseInput(text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw usage(
      `--input ${text}: not JSON (${why}); a text needs quotes of its own: --input '"text"'`,
    );
  }
}

const USAGE = { reason: 'usage' };

function usage(message: string): PerdureError {
  return new PerdureError(ErrorKind.INVALID, message, { details: USAGE });
}

function exitCodeOf(error: PerdureError): number {
  const reason = error.details?.reason;
  return reason === 'usage' || reason === 'host_ambiguous' ? ExitCode.USAGE : ExitCode.ERROR;
}
