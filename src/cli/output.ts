/**
 * Where a run's output goes. Data on stdout, everything else on stderr; with `--json` exactly one line
 * on stdout. On a terminal, a live list of processes stands under the log.
 */
import pc from 'picocolors';
import type { PerdureError } from '../core/errors.js';
import type { Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import { formatProblem, registryProblems } from '../registry/index.js';
import type { NodeListener } from '../runtime/events.js';
import { type Envelope, failure, readable, success } from './envelope.js';
import { type Colors, LiveView } from './live-view.js';
import { createLogger, logEvent } from './log.js';

export interface OutputFlags {
  readonly json?: boolean;
  readonly color?: boolean;
  readonly logLevel: string;
}

export interface Output {
  /** A line for people. */
  readonly say: (text: string) => void;
  /** Lua's `print`. */
  readonly print: (text: string) => void;
  readonly note: NodeListener;
  /** The answer of the run; without a PID (nothing was executed) only `--json` shows it. */
  readonly result: (pid: Pid | null, value: Value) => void;
  readonly complain: (pid: Pid | null, error: PerdureError) => void;
  readonly close: () => void;
}

export async function openOutput(flags: OutputFlags): Promise<Output> {
  const json = flags.json ?? false;
  const terminal = process.stderr.isTTY === true;
  // Decided here: the library would also colour what a CI server or a file gets.
  const color = (terminal || (flags.color ?? false)) && !process.env.NO_COLOR;
  const colors = pc.createColors(color);
  const view = terminal && !json ? liveView(colors) : null;
  const toStderr = (text: string) => {
    if (view === null) process.stderr.write(text);
    else view.print(text);
  };
  let answered = false;
  /** One envelope a run: what goes wrong after it is said on stderr alone. */
  const answer = (envelope: Envelope) => {
    if (!answered) process.stdout.write(`${JSON.stringify(envelope)}\n`);
    answered = true;
  };
  const log = await createLogger({
    level: flags.logLevel,
    pretty: terminal || (flags.color ?? false),
    color,
    write: toStderr,
  });
  return {
    say: (text) => {
      if (!json) toStderr(`${text}\n`);
    },
    print: (text) => {
      if (json) process.stderr.write(`${text}\n`);
      else if (view === null || process.stdout.isTTY !== true) process.stdout.write(`${text}\n`);
      else view.print(`${text}\n`);
    },
    note: (event) => {
      logEvent(log, event);
      view?.note(event);
    },
    result: (pid, value) => {
      view?.close();
      if (json) answer(success(pid, value));
      else if (pid !== null) process.stdout.write(`${shown(value)}\n`);
    },
    complain: (pid, error) => {
      view?.close();
      if (json) answer(failure(pid, error));
      toStderr(`${described(error, colors)}\n`);
    },
    close: () => view?.close(),
  };
}

/** A value for people: text as it is, everything else as JSON. */
function shown(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(readable(value), null, 2);
}

function described(error: PerdureError, colors: Colors): string {
  const problems = registryProblems(error);
  if (problems !== undefined) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    const head = colors.red(`perdure: the app cannot start: ${count}`);
    return [head, ...problems.map(formatProblem)].join('\n');
  }
  const head = `${colors.red('perdure:')} ${error.kind}: ${error.text}`;
  return error.trace === undefined ? head : `${head}\n${colors.dim(error.trace)}`;
}

function liveView(colors: Colors): LiveView {
  return new LiveView({
    colors,
    write: (text) => process.stderr.write(text),
    columns: () => process.stderr.columns || 80,
    rows: () => process.stderr.rows || 24,
  });
}
