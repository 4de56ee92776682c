/** `perdure lint`: what is wrong with an app, without running it. Findings are data: they go to stdout. */
import pc from 'picocolors';
import { type LintResult, lintApp } from '../app/lint.js';
import { ErrorKind, PerdureError } from '../core/errors.js';
import { type Finding, placeOf, Severity } from '../lint/index.js';
import { failure, success } from './envelope.js';
import { ExitCode } from './exit-codes.js';
import { complain, say } from './terminal.js';

export interface LintFlags {
  readonly json?: boolean;
  readonly color?: boolean;
}

export async function lint(dir: string, flags: LintFlags): Promise<number> {
  let result: LintResult;
  try {
    result = await lintApp(dir);
  } catch (thrown) {
    const error = PerdureError.from(thrown);
    if (flags.json) print(JSON.stringify(failure(null, error)));
    complain(`${error.kind}: ${error.text}`);
    return ExitCode.ERROR;
  }
  if (flags.json) printEnvelopes(result);
  else printTree(result, flags);
  return result.findings.some(counts) ? ExitCode.ERROR : ExitCode.OK;
}

/** Hints are said, and break no build. */
const counts = ({ severity }: Finding): boolean => severity !== Severity.HINT;

/** A line for each finding, then one for the whole where nothing counts. */
function printEnvelopes({ findings, files }: LintResult): void {
  for (const found of findings) {
    const { message, hint = null, ...where } = found;
    const details = { ...where, hint };
    print(JSON.stringify(failure(null, new PerdureError(ErrorKind.INVALID, message, { details }))));
  }
  if (!findings.some(counts)) {
    print(JSON.stringify(success(null, { files, hints: findings.length })));
  }
}

type Colors = ReturnType<typeof pc.createColors>;

function printTree({ findings, files }: LintResult, flags: LintFlags): void {
  const wanted = process.stdout.isTTY === true || (flags.color ?? false);
  const colors = pc.createColors(wanted && !process.env.NO_COLOR);
  for (const file of new Set(findings.map((found) => found.file))) {
    const inFile = findings.filter((found) => found.file === file);
    print(colors.bold(file));
    inFile.forEach((found, i) => {
      printFinding(found, i === inFile.length - 1, colors);
    });
  }
  say(summary(findings, files));
}

function printFinding(found: Finding, last: boolean, colors: Colors): void {
  const { rule, severity, message, hint } = found;
  const paint = { error: colors.red, warning: colors.yellow, hint: colors.cyan }[severity];
  print(
    `${last ? '└─' : '├─'} ${placeOf(found)} ${paint(severity)} ${message} ${colors.dim(rule)}`,
  );
  if (hint !== undefined) print(`${last ? '  ' : '│ '}    ${colors.dim(`→ ${hint}`)}`);
}

function summary(findings: readonly Finding[], files: number): string {
  const counted = Object.values(Severity).flatMap((severity) => {
    const count = findings.filter((found) => found.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`];
  });
  return `${files} ${files === 1 ? 'file' : 'files'} with Lua: ${counted.join(', ') || 'nothing found'}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
