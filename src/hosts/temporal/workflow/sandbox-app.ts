/**
 * The app as this sandbox knows it. The node side puts it among the sandbox's pristine globals, frozen and
 * shared by all workflows of the thread.
 */
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { ActivityData, AppData, WorkflowData } from './app-data.js';
import { SOURCE_MEMO } from './wire.js';

/** The name of the global. */
export const APP_GLOBAL = '__PERDURE_APP__';

export interface SandboxData {
  readonly app: AppData;
  /** Registry id of the worker that this sandbox belongs to. */
  readonly worker: string;
}

export function sandboxData(): SandboxData {
  return (globalThis as unknown as Record<typeof APP_GLOBAL, SandboxData>)[APP_GLOBAL];
}

/** The workflow of a type; one that this worker runs comes before another worker's. */
export function workflowOfType(data: SandboxData, type: string): WorkflowData | undefined {
  const ofType = data.app.workflows.filter((w) => w.type === type);
  return ofType.find((w) => w.worker === data.worker) ?? ofType[0];
}

/** What says in the memo of a workflow of perdure which source it started with; nothing for others. */
export function sourceMemo({ source }: WorkflowData): { readonly [name: string]: string } {
  return source === null ? {} : { [SOURCE_MEMO]: source.hash };
}

/** Whether workflows of a type are functions of the TypeScript SDK, which perdure leaves alone. */
export function isScript(type: string): boolean {
  return workflowOfType(sandboxData(), type)?.source === null;
}

/** @throws PerdureError NOT_FOUND, or INVALID for an entry that is no workflow. */
export function workflowOfEntry(app: AppData, entry: string): WorkflowData {
  const found = app.workflows.find((w) => w.entry === entry);
  if (found !== undefined) return found;
  if (app.functions.includes(entry) || app.activities.some((a) => a.entry === entry)) {
    throw new PerdureError(
      ErrorKind.INVALID,
      `${entry} is not a workflow; call it with funcs.call`,
    );
  }
  throw new PerdureError(ErrorKind.NOT_FOUND, `workflow not found: ${entry}`);
}

/** @throws PerdureError NOT_FOUND, or INVALID for a function without activity metadata. */
export function activityOfEntry(app: AppData, entry: string): ActivityData {
  const found = app.activities.find((a) => a.entry === entry);
  if (found !== undefined) return found;
  if (app.functions.includes(entry)) {
    throw new PerdureError(
      ErrorKind.INVALID,
      `${entry} cannot be called from a workflow: it is not an activity. ` +
        'Add meta.temporal.activity.worker to the entry.',
    );
  }
  if (app.workflows.some((w) => w.entry === entry)) {
    throw new PerdureError(
      ErrorKind.INVALID,
      `${entry} is a workflow, not a function; use workflow.exec or process.spawn`,
    );
  }
  throw new PerdureError(ErrorKind.NOT_FOUND, `function not found: ${entry}`);
}

/** The worker that `host` names, by its id or by its task queue; `undefined` for any other host. */
export function workerOf(app: AppData, host: string): string | undefined {
  if (Object.hasOwn(app.workers, host)) return host;
  return Object.keys(app.workers).find((id) => app.workers[id] === host);
}
