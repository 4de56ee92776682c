/** A wait of a small bare number: numbers are nanoseconds, and seconds or milliseconds were meant. */
import { Severity } from '../finding.js';
import { numberOf } from '../origin.js';
import type { Rule } from '../subject.js';

const WAITS = /^time\.(sleep|after|timer|ticker)$/;

/** Less than a millisecond: nobody waits that long on purpose. */
const SHORT_NS = 1e6;

export const shortWait: Rule = {
  name: 'short-wait',
  severity: Severity.WARNING,
  check: (subject) =>
    subject.names.calls.flatMap(({ node, args, at }) => {
      const { base } = node;
      const isTimeout =
        base.type === 'MemberExpression' && base.identifier.name === 'receive_timeout';
      const callee = isTimeout ? 'receive_timeout' : subject.origin(base);
      if (callee === null || (!isTimeout && !WAITS.test(callee))) return [];
      const given = numberOf(args[0]);
      if (given === null || given <= 0 || given >= SHORT_NS) return [];
      return [
        {
          ...at,
          message: `${callee}(${given}) waits ${given} ns: a bare number is nanoseconds`,
          hint: `write "${given}s" for seconds, or ${given} * time.MILLISECOND`,
        },
      ];
    }),
};
