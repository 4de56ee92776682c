/** `perdure run`: starts an app; with `-x` runs one entry, prints what it returned and stops. */
import { type App, startApp } from '../app.js';
import { parseDuration } from '../core/duration.js';
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import type { ExitResult } from '../core/signal.js';
import type { ProcessHandle } from '../runtime/runtime.js';
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

/** How a run of one entry came to its end. */
type Outcome =
  | { readonly kind: 'exit'; readonly pid: Pid; readonly result: ExitResult }
  | { readonly kind: 'timeout'; readonly pid: Pid }
  | { readonly kind: 'signal'; readonly code: number };

export async function run(dir: string, flags: RunFlags): Promise<number> {
  const output = await openOutput(flags);
  try {
    const plan = readFlags(flags);
    const signal = untilSignal();
    const app = await startApp({
      dir,
      address: flags.address,
      skipTime: flags.skipTime ?? false,
      print: output.print,
      onEvent: output.note,
    });
    for (const notice of app.notices) output.say(notice);
    return await runApp(app, flags, plan, signal, output);
  } catch (thrown) {
    const error = PerdureError.from(thrown);
    output.complain(null, error);
    return exitCodeOf(error);
  } finally {
    output.close();
  }
}

async function runApp(
  app: App,
  flags: RunFlags,
  plan: Plan,
  signal: Promise<number>,
  output: Output,
): Promise<number> {
  try {
    if (flags.execute !== undefined) {
      return await execute(app, flags.execute, flags, plan, signal, output);
    }
    output.say(`${app.registry.dir} is running. Ctrl+C stops it.`);
    const code = plan.timeoutMs === null ? await signal : await withTimeout(signal, plan.timeoutMs);
    return code;
  } finally {
    for (const line of await app.stop()) output.say(line);
  }
}

async function execute(
  app: App,
  entry: string,
  flags: RunFlags,
  plan: Plan,
  signal: Promise<number>,
  output: Output,
): Promise<number> {
  const handle = await app.runtime.spawn(entry, {
    ...(flags.host !== undefined && { host: flags.host }),
    args: plan.inputs,
  });
  const outcome = await outcomeOf(handle, plan.timeoutMs, signal);
  switch (outcome.kind) {
    case 'exit':
      return report(app, outcome.pid, outcome.result, output);
    case 'timeout':
      output.complain(
        outcome.pid,
        new PerdureError(ErrorKind.TIMEOUT, `${entry} did not end within ${flags.timeout}`),
      );
      return ExitCode.TIMEOUT;
    case 'signal':
      output.complain(
        handle.pid,
        new PerdureError(ErrorKind.CANCELED, `${entry} was interrupted before it ended`),
      );
      return outcome.code;
  }
}

function report(app: App, pid: Pid, { value, error }: ExitResult, output: Output): number {
  if (error !== null) {
    output.complain(pid, error);
    return ExitCode.ENTRY_FAILED;
  }
  output.result(pid, value);
  return app.isTerminal(pid) && Number.isInteger(value) ? Number(value) & 0xff : ExitCode.OK;
}

async function outcomeOf(
  handle: ProcessHandle,
  timeoutMs: number | null,
  signal: Promise<number>,
): Promise<Outcome> {
  const { pid } = handle;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((resolve) => {
    if (timeoutMs !== null) timer = setTimeout(() => resolve({ kind: 'timeout', pid }), timeoutMs);
  });
  const exit = handle.exit.then((result): Outcome => ({ kind: 'exit', pid, result }));
  const stopped = signal.then((code): Outcome => ({ kind: 'signal', code }));
  const outcome = await Promise.race([exit, late, stopped]);
  clearTimeout(timer);
  return outcome;
}

async function withTimeout(signal: Promise<number>, timeoutMs: number): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<number>((resolve) => {
    timer = setTimeout(() => resolve(ExitCode.TIMEOUT), timeoutMs);
  });
  const code = await Promise.race([signal, late]);
  clearTimeout(timer);
  return code;
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
