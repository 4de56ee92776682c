/** Lua's own random numbers in a workflow. They replay, and so they are no secrets. */
import { Severity } from '../finding.js';
import type { Rule } from '../subject.js';

export const workflowRandom: Rule = {
  name: 'workflow-random',
  severity: Severity.HINT,
  check: (subject) =>
    subject.names.calls.flatMap(({ node, at, topLevel }) => {
      const callee = subject.origin(node.base);
      if (callee !== 'math.random' && callee !== 'math.randomseed') return [];
      if (!subject.wrongIn(topLevel, ({ use }) => use === 'workflow')) return [];
      const message =
        callee === 'math.random'
          ? 'math.random follows from the run in a workflow: a replay gives the same numbers'
          : 'math.randomseed does nothing: the run seeds, so that a replay gives the same numbers';
      return [{ ...at, message, hint: 'for secrets call a function' }];
    }),
};
