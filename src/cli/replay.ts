/** `perdure replay`: do recorded workflows still fit the code? A line a history on stdout, a summary on stderr. */
import pc from 'picocolors';
import { splitAddress } from '../app/addresses.js';
import { type Replayed, type ReplayOrder, replayApp } from '../app/replay.js';
import { ErrorKind, PerdureError } from '../core/errors.js';
import { ADVICE, describeDivergence } from '../hosts/temporal/replay/divergence.js';
import type { RecordedStep, Step } from '../hosts/temporal/replay/steps.js';
import { formatProblem, registryProblems } from '../registry/index.js';
import { failure, success } from './envelope.js';
import { ExitCode } from './exit-codes.js';
import { complain, say } from './terminal.js';

export interface ReplayFlags {
  readonly workflowId: readonly string[];
  readonly allOpen?: boolean;
  readonly file: readonly string[];
  readonly address?: string;
  readonly json?: boolean;
  readonly color?: boolean;
}

export async function replay(dir: string, flags: ReplayFlags): Promise<number> {
  const histories = historiesOf(flags);
  if (typeof histories === 'string') return refuse(histories, flags);
  const counts = { ok: 0, diverged: 0, failed: 0 };
  try {
    const order = { dir, histories, address: flags.address, env: process.env };
    for await (const replayed of replayApp(order)) {
      counts[replayed.outcome.kind]++;
      print(flags.json ? JSON.stringify(envelope(replayed)) : line(replayed, flags));
    }
  } catch (thrown) {
    const error = PerdureError.from(thrown);
    if (flags.json) print(JSON.stringify(failure(null, error)));
    tell(error);
    return ExitCode.ERROR;
  }
  summarize(counts, flags);
  if (counts.diverged > 0) return ExitCode.DIVERGED;
  return counts.failed > 0 ? ExitCode.ERROR : ExitCode.OK;
}

/** Which histories, or what is wrong with the flags. */
function historiesOf(flags: ReplayFlags): ReplayOrder['histories'] | string {
  const { workflowId: ids, file: files, allOpen, address } = flags;
  const asked = [ids.length > 0, files.length > 0, allOpen === true].filter(Boolean).length;
  if (asked !== 1) return 'which histories? Give one of --workflow-id, --all-open and --file';
  if (address !== undefined && splitAddress(address) === undefined) {
    return `--address ${address}: expected HOST:PORT, such as localhost:7233`;
  }
  if (address !== undefined && files.length > 0) return '--file needs no server: drop --address';
  if (files.length > 0) return { kind: 'files', files };
  return ids.length > 0 ? { kind: 'workflows', ids } : { kind: 'all_open' };
}

function refuse(why: string, { json }: ReplayFlags): number {
  if (json) print(JSON.stringify(failure(null, new PerdureError(ErrorKind.INVALID, why))));
  complain(why);
  return ExitCode.USAGE;
}

function line({ workflowId, type, outcome }: Replayed, flags: ReplayFlags): string {
  const wanted = process.stdout.isTTY === true || (flags.color ?? false);
  const colors = pc.createColors(wanted && !process.env.NO_COLOR);
  const paint = { ok: colors.green, diverged: colors.red, failed: colors.yellow }[outcome.kind];
  return `${paint(outcome.kind.padEnd(8))}  ${workflowId}  ${type}  ${detail(outcome)}`;
}

function detail(outcome: Replayed['outcome']): string {
  switch (outcome.kind) {
    case 'ok':
      return `${outcome.events} events`;
    case 'diverged':
      return outcome.at === null ? outcome.message : describeDivergence(outcome.at);
    case 'failed':
      return outcome.error.text;
  }
}

function envelope({ workflowId, runId, type, outcome }: Replayed) {
  const about = { workflow_id: workflowId, run_id: runId, type };
  if (outcome.kind === 'ok') {
    return success(null, { ...about, result: outcome.kind, events: outcome.events });
  }
  const at = outcome.kind === 'diverged' ? outcome.at : null;
  const details = {
    ...about,
    result: outcome.kind,
    ...(at !== null && { came: stepData(at.came), expected: stepData(at.expected) }),
  };
  const kind = outcome.kind === 'diverged' ? ErrorKind.CONFLICT : outcome.error.kind;
  return failure(null, new PerdureError(kind, detail(outcome), { details }));
}

function stepData(step: Step | RecordedStep | null) {
  if (step === null) return null;
  const { shown, place } = step;
  return { step: shown, at: place, ...('eventId' in step && { event: step.eventId }) };
}

function summarize(
  counts: { readonly ok: number; readonly diverged: number; readonly failed: number },
  { json, allOpen }: ReplayFlags,
): void {
  const total = counts.ok + counts.diverged + counts.failed;
  if (json && total === 0) print(JSON.stringify(success(null, { histories: 0 })));
  if (json) return;
  if (total === 0 && allOpen) say('no open workflows');
  else {
    const parts = Object.entries(counts).flatMap(([kind, n]) => (n === 0 ? [] : [`${n} ${kind}`]));
    say(`${total} ${total === 1 ? 'history' : 'histories'}: ${parts.join(', ')}`);
  }
  if (counts.diverged > 0) say(`→ ${ADVICE}`);
}

function tell(error: PerdureError): void {
  const problems = registryProblems(error);
  if (problems === undefined) complain(`${error.kind}: ${error.text}`);
  else for (const problem of problems) say(formatProblem(problem));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
