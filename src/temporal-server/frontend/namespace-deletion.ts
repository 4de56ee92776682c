/**
 * The end of a namespace, with all that is in it.
 *
 * 1. It is marked first, on record: from then on no request finds it. What is in it goes next, and then the mark,
 *    so that a server which ends in between goes on with that at its next start.
 * 2. When it is answered, it is done, and the name is free.
 */
import type { Batches } from '../batches/batches.js';
import type { Engine } from '../engine/engine.js';
import { failedPrecondition, invalid } from '../errors.js';
import type { RunKey } from '../history/state.js';
import type { Namespace } from '../namespaces.js';
import type { Schedules } from '../schedules/schedules.js';
import { deleteRun } from './resets.js';

/** How many runs are dropped at a time. */
const AT_ONCE = 100;

/** The parts of a server that have something in a namespace. */
export interface NamespaceContents {
  readonly engine: Engine;
  readonly schedules: Schedules;
  readonly batches: Batches;
}

/** Gives the name that Temporal has for a namespace while it goes. */
export async function deleteNamespace(
  contents: NamespaceContents,
  request: { readonly namespace: string; readonly namespaceId: string },
): Promise<string> {
  const { name, id } = namespaceOf(contents.engine, request);
  await end(contents, name);
  return `${name}-deleted-${id.slice(0, 5)}`;
}

function end(contents: NamespaceContents, name: string): Promise<void> {
  return contents.engine.namespaces.end(name, () => clear(contents, name));
}

function namespaceOf(
  { namespaces }: Engine,
  request: { readonly namespace: string; readonly namespaceId: string },
): Namespace {
  const { namespace: name, namespaceId: id } = request;
  if (!name && !id) throw invalid('Namespace not set on request.');
  if (name && id) throw invalid('Only one of namespace name or Id should be set on request.');
  if (name === SYSTEM) throw failedPrecondition('unable to delete system namespace');
  // One whose end did not come to an end is deleted by asking again.
  const found = name ? namespaces.known(name) : namespaces.deleted().find((each) => each.id === id);
  return found ?? (name ? namespaces.get(name) : namespaces.byId(id));
}

const SYSTEM = 'temporal-system';

/**
 * Goes on with namespaces whose end was under way when the server stopped.
 *
 * @param names - those that the server is to have: they are made anew
 */
export function clearDeleted(contents: NamespaceContents, names: readonly string[]): void {
  const { engine } = contents;
  for (const { name } of engine.namespaces.deleted())
    engine.work.background(`deletion of ${name}`, async () => {
      await end(contents, name);
      if (names.includes(name)) await engine.namespaces.prepare([name]);
    });
}

async function clear(contents: NamespaceContents, name: string): Promise<void> {
  const { engine, schedules, batches } = contents;
  await batches.dropAll(name);
  for (const { record } of schedules.of(name)) await schedules.delete(name, record.scheduleId);
  // What ends may still begin something else.
  for (let some = someRuns(engine, name); some.length > 0; some = someRuns(engine, name))
    for (const key of some) {
      const run = engine.lookUp(name, key.workflowId, key.runId);
      if (run) await deleteRun(engine, run);
    }
}

function someRuns(engine: Engine, namespace: string): RunKey[] {
  const found: RunKey[] = [];
  for (const { record } of engine.store.visible(namespace).from()) {
    found.push(record.key);
    if (found.length === AT_ONCE) break;
  }
  return found;
}
