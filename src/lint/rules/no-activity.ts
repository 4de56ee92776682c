/** A function that a workflow calls, and that is not declared as an activity: the call answers INVALID. */
import { entryCalls } from '../entry-calls.js';
import { Severity } from '../finding.js';
import type { Rule } from '../subject.js';

export const noActivity: Rule = {
  name: 'no-activity',
  severity: Severity.ERROR,
  check: (subject) =>
    entryCalls(subject).flatMap(({ callee, kind, entry, topLevel }) => {
      if (kind !== 'function' || entry === null) return [];
      const target = subject.app.entries.get(entry.name);
      if (target === undefined || target.activity) return [];
      const role = subject.wrongIn(topLevel, ({ use }) => use === 'workflow');
      if (role === undefined) return [];
      const { line, column, name } = entry;
      const isCode = ['function.lua', 'function.js', 'process.lua'].includes(target.kind);
      const hint = isCode
        ? `add meta.temporal.activity.worker to ${name}`
        : `${name} is a ${target.kind}: use workflow.exec or process.spawn`;
      return [
        {
          line,
          column,
          message: `${callee}: ${name} is not an activity, and ${role.entry} is a workflow`,
          hint,
        },
      ];
    }),
};
