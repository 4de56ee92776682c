/** A local that is used above its definition: there the name is a global, and nil. */
import { Severity } from '../finding.js';
import type { Local } from '../scopes.js';
import type { Rule } from '../subject.js';

export const useBeforeDefinition: Rule = {
  name: 'use-before-definition',
  severity: Severity.ERROR,
  check: (subject) =>
    subject.undefinedGlobals().flatMap(({ use }) => {
      const { name, later } = use;
      if (later === null) return [];
      const what = later.isFunction ? 'local function' : 'local';
      return [
        {
          ...use.at,
          message: `the ${what} ${name} is defined in line ${later.at.line}; here ${name} is a global, which is nil`,
          hint: hintFor(use.at.line, later),
        },
      ];
    }),
};

function hintFor(line: number, { name, at, isFunction }: Local): string {
  if (at.line > line) {
    return `move the definition up, or write "local ${name}" above and define it without "local"`;
  }
  return isFunction
    ? `write "local function ${name}", which is there in its own body`
    : 'a local is not there yet in its own value';
}
