/** Lua's own clock in a workflow. It replays, but it is the clock of the current task, which stands still. */
import { Severity } from '../finding.js';
import type { Rule } from '../subject.js';

/** Functions of `os`, by the number of arguments with which they no longer ask the clock. */
const CLOCKS: ReadonlyMap<string, number> = new Map([
  ['os.time', 1],
  ['os.date', 2],
  ['os.clock', Number.POSITIVE_INFINITY],
]);

export const workflowClock: Rule = {
  name: 'workflow-clock',
  severity: Severity.HINT,
  check: (subject) =>
    subject.names.calls.flatMap(({ node, args, at, topLevel }) => {
      const callee = subject.origin(node.base) ?? '';
      if (args.length >= (CLOCKS.get(callee) ?? 0)) return [];
      if (!subject.wrongIn(topLevel, ({ use }) => use === 'workflow')) return [];
      return [
        {
          ...at,
          message: `${callee} is the time of the workflow's current task: it stands still until the workflow waits`,
          hint: 'time.now() says so',
        },
      ];
    }),
};
