/**
 * Explains divergence while it happens. Where an open run is replayed with a source other than the one
 * that it started with, its history is read once more, and each task's steps are compared with it. The first
 * one that differs fails the task with a report of its own, in place of the SDK's, which knows neither
 * the file nor the line. Runs whose source is the same cost nothing.
 */
import { formatPid } from '../../../core/pid.js';
import type { TemporalClient } from '../client.js';
import type { NodePort } from '../node-port.js';
import type { AppData, WorkflowData } from '../workflow/app-data.js';
import { decodePayload } from '../workflow/payload-converter.js';
import { workflowOfType } from '../workflow/sandbox-app.js';
import { SOURCE_MEMO } from '../workflow/wire.js';
import { ADVICE, type Divergence, describeDivergence } from './divergence.js';
import { recordedSteps } from './steps.js';
import type { Activation, Completion, Tap } from './tapped-worker.js';
import { Track } from './track.js';

export interface GuardOptions {
  readonly app: AppData;
  /** Registry id of the worker. */
  readonly worker: string;
  readonly client: TemporalClient;
  readonly node: NodePort;
}

interface Watched {
  readonly runId: string;
  readonly workflowId: string;
  readonly workflow: WorkflowData;
  readonly track: Track;
}

export class DivergenceGuard {
  /** Run id to what was said of it: a server tries the same task again and again. */
  private readonly reported = new Map<string, string>();

  constructor(private readonly options: GuardOptions) {}

  readonly newTap = (): Tap => {
    let watched: Watched | null = null;
    return async (activation, inner) => {
      const [opened, completion] = await Promise.all([this.open(activation), inner()]);
      watched ??= opened;
      if (watched === null || completion.failed != null) return completion;
      if (!activation.isReplaying) {
        watched = null;
        return completion;
      }
      const divergence = watched.track.take(activation, completion);
      return divergence === null ? completion : this.refuse(watched, divergence);
    };
  };

  /** A run that begins its replay here, with another source than it started with. */
  private async open(activation: Activation): Promise<Watched | null> {
    const init = activation.jobs?.find((job) => job.initializeWorkflow != null)?.initializeWorkflow;
    if (init == null || !activation.isReplaying) return null;
    const { app, worker, client } = this.options;
    const workflow = workflowOfType({ app, worker }, init.workflowType ?? '');
    const started = init.memo?.fields?.[SOURCE_MEMO];
    if (workflow?.source == null || decodePayload(started) === workflow.source.hash) return null;
    const { runId } = activation;
    const { workflowId } = init;
    if (runId == null || workflowId == null) return null;
    try {
      const { events } = await client.client.workflow.getHandle(workflowId, runId).fetchHistory();
      return { runId, workflowId, workflow, track: new Track(recordedSteps(events ?? [])) };
    } catch {
      // Without the history there is no report; a divergence is then the SDK's to tell.
      return null;
    }
  }

  private refuse(watched: Watched, divergence: Divergence): Completion {
    const { runId, workflow } = watched;
    const message =
      `${workflow.entry} diverges from its history: ${describeDivergence(divergence)}. ` +
      `Its source is not the one that this run started with. ${ADVICE}`;
    this.report(watched, message);
    const failure = {
      message,
      source: 'perdure',
      applicationFailureInfo: { type: 'Divergence', nonRetryable: true },
    };
    return { runId, failed: { failure, forceCause: NON_DETERMINISTIC } };
  }

  private report({ runId, workflowId, workflow }: Watched, message: string): void {
    if (this.reported.get(runId) === message) return;
    if (this.reported.size >= REPORTED_LIMIT) this.reported.clear();
    this.reported.set(runId, message);
    const { node, worker } = this.options;
    const source = { pid: formatPid(worker, workflowId), entry: workflow.entry };
    node.log('error', `${workflowId}: ${message}`, { run_id: runId }, source);
  }
}

const REPORTED_LIMIT = 10_000;

/** WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR */
const NON_DETERMINISTIC = 24;
