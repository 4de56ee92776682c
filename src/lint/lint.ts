/** All rules over all sources of an app. Pure: facts in, findings out. */
import type { AppFacts, Source } from './facts.js';
import { type Finding, type Remark, Severity, sorted } from './finding.js';
import { Ignores } from './ignores.js';
import { RULES } from './rules/index.js';
import { type Names, resolveNames } from './scopes.js';
import { assignedIn, type Rule, Subject } from './subject.js';
import { type Comment, parse, TOO_DEEP } from './syntax.js';

/** What does not compile, or cannot be read; nothing else is looked at then, and it cannot be silenced. */
const SYNTAX = { name: 'syntax', severity: Severity.ERROR };

/** A comment to lint that has no effect. */
const COMMENT = { name: 'lint-comment', severity: Severity.WARNING };

const NAMES: ReadonlySet<string> = new Set(RULES.map(({ name }) => name));

/** A source that could be read. */
interface Read {
  readonly source: Source;
  readonly names: Names;
  readonly comments: readonly Comment[];
}

/** What is wrong with the Lua of an app, in the order of its files. */
export function lint(app: AppFacts): Finding[] {
  const findings: Finding[] = [];
  const read: Read[] = [];
  for (const source of app.sources) {
    const result = withinDepth(() => readSource(source));
    if ('names' in result) read.push(result);
    else findings.push(finding(source, SYNTAX, result));
  }
  const shared = new Set(
    read.filter(({ source }) => source.shared).flatMap(({ names }) => assignedIn(names)),
  );
  for (const { source, names, comments } of read) {
    const assigned = source.shared ? shared : new Set(assignedIn(names));
    const subject = new Subject(app, source, names, assigned);
    const result = withinDepth(() => check(subject, comments));
    findings.push(...('message' in result ? [finding(source, SYNTAX, result)] : result));
  }
  return sorted(findings);
}

function readSource(source: Source): Read | Remark {
  const { broken } = source;
  if (broken !== null && broken.column !== null) return { ...broken, column: broken.column };
  const parsed = parse(source.text);
  if ('problem' in parsed) return parsed.problem;
  if (broken !== null) return { ...broken, column: 1 };
  return { source, names: resolveNames(parsed.tree), comments: parsed.comments };
}

/** A tree that the parser could just read may still be too deep for what walks through it. */
function withinDepth<T>(work: () => T): T | Remark {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof RangeError) return TOO_DEEP;
    throw thrown;
  }
}

function check(subject: Subject, comments: readonly Comment[]): Finding[] {
  const { source } = subject;
  const ignores = new Ignores(source.text, comments, NAMES);
  const found = RULES.flatMap((rule) =>
    rule
      .check(subject)
      .filter(({ line }) => !ignores.covers(line, rule.name))
      .map((remark) => finding(source, rule, remark)),
  );
  return [...found, ...ignores.problems.map((remark) => finding(source, COMMENT, remark))];
}

function finding(
  { file, indent }: Source,
  { name, severity }: Pick<Rule, 'name' | 'severity'>,
  remark: Remark,
): Finding {
  return { ...remark, column: remark.column + indent, file, rule: name, severity };
}
