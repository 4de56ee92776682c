/**
 * Options of a run that change while it is open: the override of its worker's version.
 *
 * Workers have no versions here, so that an override that says "the current one" says nothing new: it is
 * on record and shown. One that pins a run to a version is refused, rather than not kept to.
 */
import { invalid, ServiceError, StatusCode } from '../errors.js';
import { enums, type temporal } from '../proto.js';
import type { Draft } from './draft.js';

export type VersioningOverride = temporal.api.workflow.v1.IVersioningOverride;
export type ExecutionOptions = temporal.api.workflow.v1.IWorkflowExecutionOptions;

const { VersioningBehavior: Behavior } = enums;

/** @throws ServiceError INVALID_ARGUMENT in Temporal's words, UNIMPLEMENTED for one that pins */
export function checkOverride(override: VersioningOverride | null | undefined): void {
  if (!override || override.autoUpgrade) return;
  const { pinned, oneTime, behavior, deployment, pinnedVersion } = override;
  if (pinned) {
    if (!pinned.version) throw invalid('must provide version if override is pinned.');
    if (!pinned.behavior)
      throw invalid('must specify pinned override behavior if override is pinned.');
    throw unimplemented('pinned');
  }
  if (oneTime) throw unimplemented('one time');
  switch (behavior) {
    case Behavior.VERSIONING_BEHAVIOR_PINNED:
      if (!deployment && !pinnedVersion)
        throw invalid(
          "must provide deployment (deprecated) or pinned version if behavior is 'PINNED'",
        );
      throw unimplemented('pinned');
    case Behavior.VERSIONING_BEHAVIOR_AUTO_UPGRADE:
      if (deployment) throw invalid("only provide deployment if behavior is 'PINNED'");
      if (pinnedVersion) throw invalid("only provide pinned version if behavior is 'PINNED'");
      return;
    default:
      throw invalid('override behavior is required');
  }
}

function unimplemented(what: string): ServiceError {
  const text = `a ${what} versioning override is not implemented by this embedded server, whose workers have no versions`;
  return new ServiceError(StatusCode.UNIMPLEMENTED, text);
}

/** Temporal's form of an override: the older fields say the same as the newer ones. */
export function normalOverride(
  override: VersioningOverride | null | undefined,
): VersioningOverride | undefined {
  return override ? { autoUpgrade: true } : undefined;
}

/** The options that there are, and the paths that a mask may name. */
const PATHS = /^versioning_override(\.(behavior|deployment|pinned_version|pinned|auto_upgrade))?$/;
const MESSAGE = 'temporal.api.workflow.v1.WorkflowExecutionOptions';

/** @throws ServiceError INVALID_ARGUMENT for a path that is none, or only half of what belongs together */
export function checkMask(paths: readonly string[]): void {
  const wrong = paths.find((path) => !PATHS.test(path));
  if (wrong !== undefined)
    throw invalid(
      `error parsing UpdateMask: proto: invalid path "${wrong}" for message "${MESSAGE}"`,
    );
}

/** Changes the options that `paths` name; an event tells of it where that makes a difference. */
export function changeOptions(
  d: Draft,
  options: ExecutionOptions,
  paths: readonly string[],
): ExecutionOptions {
  const has = (path: string) => paths.includes(`versioning_override${path}`);
  if (has('.deployment') !== has('.behavior'))
    throw invalid(
      'error applying update_options: versioning_override fields must be updated together',
    );
  const before = d.info.versioningOverride;
  const isNamed = has('') || has('.behavior');
  const after = isNamed ? normalOverride(options.versioningOverride) : before;
  if ((before === undefined) !== (after === undefined)) recordOverride(d, after);
  return after ? { versioningOverride: after } : {};
}

/** Puts an override, or that there is none any more, on record. */
export function recordOverride(d: Draft, override: VersioningOverride | undefined): void {
  d.info.versioningOverride = override;
  d.appendOrBuffer(
    'workflowExecutionOptionsUpdated',
    override ? { versioningOverride: override } : { unsetVersioningOverride: true },
  );
}
