/** A module that is required, but not allowed where the source runs: `require` raises. */
import { suggest } from '../../core/suggest.js';
import { type Language, mayRequire, type Role } from '../facts.js';
import { Severity } from '../finding.js';
import type { Rule } from '../subject.js';

export const unlistedModule: Rule = {
  name: 'unlisted-module',
  severity: Severity.ERROR,
  check: (subject) => {
    const { language } = subject.app;
    return subject.requires().flatMap(({ name, at, topLevel }) => {
      const role = subject.wrongIn(topLevel, (each) => !isThere(language, each, name));
      return role === undefined ? [] : [{ ...at, ...problemOf(language, role, name) }];
    });
  },
};

function isThere(language: Language, role: Role, name: string): boolean {
  const { libraries } = language;
  return libraries.has(name) || role.imports.includes(name) || mayRequire(language, role, name);
}

function problemOf(language: Language, role: Role, name: string) {
  const module = language.modules.get(name);
  if (module === undefined) {
    const near = suggest(name, [...role.imports, ...language.modules.keys()]);
    const hint =
      near === undefined ? `add it to imports: of ${role.entry}` : `did you mean ${near}?`;
    return {
      message: `there is no module ${name}, and ${role.entry} imports nothing of that name`,
      hint,
    };
  }
  if (!module.uses.includes(role.use)) {
    const hint = `it is for: ${module.uses.join(', ')}`;
    return { message: `module ${name} cannot be used in a ${role.use} (${role.entry})`, hint };
  }
  return {
    message: `module ${name} is not listed in modules: of ${role.entry}`,
    hint: `add "- ${name}" to its modules:`,
  };
}
