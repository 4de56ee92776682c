/** A field that a library or module does not have: a misspelled function, or one that is not here. */
import { suggest } from '../../core/suggest.js';
import { Severity } from '../finding.js';
import type { Rule } from '../subject.js';

export const unknownField: Rule = {
  name: 'unknown-field',
  severity: Severity.ERROR,
  check: (subject) =>
    subject.names.fields.flatMap(({ node, at, written }) => {
      const library = subject.origin(node.base);
      const known = library === null ? undefined : subject.app.language.fields.get(library);
      const { name } = node.identifier;
      const path = `${library}.${name}`;
      if (known === undefined || known.has(name) || written || subject.assigned.has(path))
        return [];
      const near = suggest(name, known);
      const hint = near === undefined ? {} : { hint: `did you mean ${library}.${near}?` };
      return [{ ...at, message: `there is no ${path}`, ...hint }];
    }),
};
