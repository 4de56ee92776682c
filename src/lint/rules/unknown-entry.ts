/** A call that names an entry or a host which the app does not have. */
import { suggest } from '../../core/suggest.js';
import { entryCalls } from '../entry-calls.js';
import type { AppFacts } from '../facts.js';
import { Severity } from '../finding.js';
import type { Rule } from '../subject.js';

/** Hosts with such ids are perdure's own. */
const BUILT_IN = 'perdure:';

export const unknownEntry: Rule = {
  name: 'unknown-entry',
  severity: Severity.ERROR,
  check: (subject) => {
    const { app } = subject;
    const ids = [...app.entries.keys()];
    return entryCalls(subject).flatMap(({ callee, entry, host }) => {
      const remarks = [];
      if (entry !== null && !app.entries.has(entry.name)) {
        remarks.push({ ...entry, ...words('entry', entry.name, callee, ids) });
      }
      if (host !== null && !isHost(app, host.name)) {
        remarks.push({ ...host, ...words('host', host.name, callee, [...ids, ...app.taskQueues]) });
      }
      return remarks.map(({ line, column, message, hint }) => ({ line, column, message, hint }));
    });
  },
};

function isHost(app: AppFacts, name: string): boolean {
  return app.entries.has(name) || app.taskQueues.has(name) || name.startsWith(BUILT_IN);
}

function words(what: string, name: string, callee: string, known: readonly string[]) {
  const near = suggest(name, known) ?? known.find((id) => id.endsWith(`:${name}`));
  return {
    message: `${callee}: the app has no ${what} ${name}`,
    hint: near === undefined ? 'add it to an _index.yaml' : `did you mean ${near}?`,
  };
}
