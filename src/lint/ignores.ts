/**
 * Comments that silence rules: `-- lint: ignore RULE, RULE -- reason` for its own line, or for the next line of
 * code where it stands alone; `-- lint: ignore-file RULE` for the whole source.
 */
import type { Remark } from './finding.js';
import type { Comment } from './syntax.js';

const FORM = /^\s*lint:\s*(\S*)\s*(.*)$/s;

export class Ignores {
  private readonly file = new Set<string>();
  private readonly lines = new Map<number, Set<string>>();
  /** Comments that say nothing, or name no rule. */
  readonly problems: Remark[] = [];

  constructor(text: string, comments: readonly Comment[], rules: ReadonlySet<string>) {
    const lines = text.split('\n');
    for (const comment of comments) {
      const [, verb, rest = ''] = FORM.exec(comment.text) ?? [];
      if (verb === undefined) continue;
      const names = (rest.split('--')[0] ?? '').split(/[\s,]+/).filter((name) => name !== '');
      const unknown = names.filter((name) => !rules.has(name));
      if (
        (verb !== 'ignore' && verb !== 'ignore-file') ||
        names.length === 0 ||
        unknown.length > 0
      ) {
        this.problems.push(problemOf(comment, unknown, rules));
        continue;
      }
      const set = verb === 'ignore' ? this.at(lineMeant(lines, comment)) : this.file;
      for (const name of names) set.add(name);
    }
  }

  covers(line: number, rule: string): boolean {
    return this.file.has(rule) || this.lines.get(line)?.has(rule) === true;
  }

  private at(line: number): Set<string> {
    const known = this.lines.get(line) ?? new Set();
    this.lines.set(line, known);
    return known;
  }
}

/** The comment's own line; where nothing else stands there, the next that has code. */
function lineMeant(lines: readonly string[], { line, column }: Comment): number {
  if ((lines[line - 1] ?? '').slice(0, column - 1).trim() !== '') return line;
  const below = lines.slice(line).findIndex((text) => !/^\s*(--.*)?$/.test(text));
  return below === -1 ? line : line + 1 + below;
}

function problemOf(
  { line, column }: Comment,
  unknown: readonly string[],
  rules: ReadonlySet<string>,
): Remark {
  const message =
    unknown.length > 0 ? `there is no rule ${unknown.join(', ')}` : 'a lint comment without effect';
  return {
    line,
    column,
    message,
    hint: `write "-- lint: ignore RULE" or "-- lint: ignore-file RULE"; rules: ${[...rules].join(', ')}`,
  };
}
