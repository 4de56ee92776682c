/** A global that nothing defines: a misspelled name, or a module that was not required. It is nil. */
import { suggest } from '../../core/suggest.js';
import { mayRequire, type Role } from '../facts.js';
import { Severity } from '../finding.js';
import type { Rule, Subject } from '../subject.js';

/** What Lua elsewhere has, and why it is not here. */
const ABSENT: ReadonlyMap<string, string> = new Map([
  ['io', 'files are for functions of the host: in a workflow, call an activity'],
  ['package', 'libraries are entries: name them in imports:'],
  ['dofile', 'libraries are entries: name them in imports:'],
  ['loadfile', 'libraries are entries: name them in imports:'],
]);

export const undefinedGlobal: Rule = {
  name: 'undefined-global',
  severity: Severity.WARNING,
  check: (subject) =>
    subject
      .undefinedGlobals()
      .filter(({ use }) => use.later === null)
      .map(({ use, role }) => ({
        ...use.at,
        message: `nothing defines ${use.name}: it is nil`,
        ...hintFor(subject, role, use.name),
      })),
};

function hintFor(subject: Subject, role: Role, name: string): { hint?: string } {
  const absent = ABSENT.get(name);
  if (absent !== undefined) return { hint: absent };
  const { language } = subject.app;
  const module = language.modules.get(name);
  if (module !== undefined) {
    if (!module.uses.includes(role.use)) return { hint: `${name} is not for a ${role.use}` };
    const listed = mayRequire(language, role, name)
      ? ''
      : `, and list it in modules: of ${role.entry}`;
    return { hint: `local ${name} = require("${name}")${listed}` };
  }
  const known = [
    ...language.globals,
    ...language.libraries,
    ...language.modules.keys(),
    ...subject.assigned,
  ];
  const near = suggest(name, known);
  return near === undefined ? {} : { hint: `did you mean ${near}?` };
}
