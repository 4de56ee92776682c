/** What workflow sandboxes must know of the app, taken from its registry. */
import * as path from 'node:path';
import { ErrorKind, PerdureError } from '../core/errors.js';
import type {
  AppData,
  DeploymentVersion,
  WorkerSettings,
  WorkflowData,
  WorkflowScript,
} from '../hosts/temporal/index.js';
import type { EntryOf, Registry } from '../registry/index.js';
import { BUILT_IN_HOST } from './host-choice.js';
import { sourceOf } from './sources.js';

export function appDataOf(registry: Registry, taskQueuePrefix: string): AppData {
  const callable = [
    ...registry.ofKind('function.lua'),
    ...registry.ofKind('function.js'),
    ...registry.ofKind('process.lua'),
  ];
  const scripts = registry.ofKind('workflow.js');
  return {
    workflows: [
      ...registry
        .ofKind('workflow.lua')
        .map((entry) => workflowData(entry, sourceOf(registry, entry))),
      ...scripts.map((entry) => workflowData(entry, null)),
    ],
    activities: callable.flatMap(({ id, activity }) =>
      activity === null
        ? []
        : [
            {
              entry: id,
              type: activity.name,
              worker: activity.worker,
              local: activity.local,
              options: activity.options,
            },
          ],
    ),
    functions: callable.filter(({ activity }) => activity === null).map(({ id }) => id),
    workers: Object.fromEntries(
      registry.ofKind('temporal.worker').map(({ id, taskQueue }) => [id, taskQueue]),
    ),
    localHosts: [
      ...registry.ofKind('process.host').map(({ id }) => id),
      ...registry.ofKind('terminal.host').map(({ id }) => id),
      BUILT_IN_HOST,
    ],
    taskQueuePrefix,
  };
}

function workflowData(
  entry: EntryOf<'workflow.lua' | 'workflow.js'>,
  source: WorkflowData['source'],
): WorkflowData {
  const { id, workflow } = entry;
  const { name: type, worker, continueAsNew } = workflow;
  return { entry: id, type, worker, continueAsNew, source };
}

/** The `workflow.js` entries that a worker runs. */
export function scriptsOf(registry: Registry, worker: string): WorkflowScript[] {
  return registry
    .ofKind('workflow.js')
    .filter(({ workflow }) => workflow.worker === worker)
    .map(({ workflow, source, method }) => ({
      type: workflow.name,
      file: path.join(registry.dir, source.file),
      method,
    }));
}

/** @throws PerdureError INVALID where the build id's environment variable is not set. */
export function settingsOf(
  worker: EntryOf<'temporal.worker'>,
  env: { readonly [name: string]: string | undefined },
): WorkerSettings {
  const { versioning, ...rest } = worker.options;
  return {
    ...rest,
    versioning: versioning === null ? null : versionOf(worker.id, versioning, env),
  };
}

function versionOf(
  worker: string,
  versioning: NonNullable<EntryOf<'temporal.worker'>['options']['versioning']>,
  env: { readonly [name: string]: string | undefined },
): DeploymentVersion {
  const { deploymentName, useVersioning, defaultBehavior } = versioning;
  const { kind, text } = versioning.buildId;
  const buildId = kind === 'value' ? text : env[text];
  if (buildId === undefined || buildId === '') {
    throw new PerdureError(
      ErrorKind.INVALID,
      `${worker}: the build id comes from the environment variable ${text}, which is not set`,
    );
  }
  return { deploymentName, buildId, useVersioning, defaultBehavior };
}
