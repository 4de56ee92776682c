/** A global that a workflow assigns to. It is the run's own, but the next run does not have it. */
import { Severity } from '../finding.js';
import type { Rule } from '../subject.js';

export const workflowGlobal: Rule = {
  name: 'workflow-global',
  severity: Severity.WARNING,
  check: (subject) => {
    const seen = new Set<string>();
    return subject.names.globals.flatMap(({ name, written, at, topLevel }) => {
      if (!written || seen.has(name)) return [];
      const role = subject.wrongIn(topLevel, ({ use }) => use === 'workflow');
      if (role === undefined) return [];
      seen.add(name);
      return [
        {
          ...at,
          message: `${name} is a global of the workflow: no other run sees it, and it is gone after process.upgrade, a retry or the next run of a cron`,
          hint: `write "local ${name}"`,
        },
      ];
    });
  },
};
