/** What the SDK passes to interceptors only: headers both ways, and the jobs and commands of a task. */
import { defaultPayloadConverter, type Headers, RawValue } from '@temporalio/common';
import type { coresdk } from '@temporalio/proto';
import { type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow';
import type { Value } from '../../../core/payload.js';
import { readCancelReason } from './cancel-reasons.js';
import { workflowProcess } from './instance.js';
import { payloadBytes } from './payload-converter.js';
import { isScript } from './sandbox-app.js';
import { isLasting, isReservedByTemporal, OwnSignal } from './wire.js';

type Job = coresdk.workflow_activation.IWorkflowActivationJob;

/** The size of what a command carries; arguments are encoded already. */
function bytesOf(args: readonly unknown[], headers: Headers): number {
  const payloads = args.flatMap((arg) => (arg instanceof RawValue ? [arg.payload] : []));
  return [...payloads, ...Object.values(headers)].reduce((sum, p) => sum + payloadBytes(p), 0);
}

/** A workflow of the TypeScript SDK has its own handlers, headers and tasks; only poison is kept away. */
const ofScripts: WorkflowInterceptors = {
  internals: [
    {
      activate({ activation, batchIndex }, next) {
        const jobs = (activation.jobs ?? []).filter(harmless);
        next({ activation: { ...activation, jobs }, batchIndex });
      },
    },
  ],
};

export const interceptors = (): WorkflowInterceptors =>
  isScript(workflowInfo().workflowType) ? ofScripts : ofProcesses();

const ofProcesses = (): WorkflowInterceptors => ({
  inbound: [
    {
      execute({ args, headers }) {
        return workflowProcess.run(args as Value[], headers);
      },
      async handleSignal({ signalName, args, headers }) {
        workflowProcess.receive(signalName, args as Value[], headers);
      },
    },
  ],
  outbound: [
    {
      scheduleActivity(input, next) {
        const headers = workflowProcess.headers.of(input.args);
        const bytes = bytesOf(input.args, headers);
        const kind = isLasting(input.activityType) ? 'lasting' : 'activity';
        return workflowProcess.gate.pass(kind, bytes, () => next({ ...input, headers }));
      },
      scheduleLocalActivity(input, next) {
        const headers = workflowProcess.headers.of(input.args);
        return workflowProcess.localGate.pass(() => next({ ...input, headers }));
      },
      startChildWorkflowExecution(input, next) {
        const headers = workflowProcess.headers.of(input.options.args);
        const bytes = bytesOf(input.options.args, headers);
        return workflowProcess.gate.pass(
          'child',
          bytes,
          () => next({ ...input, headers }),
          async (issued) => (await issued)[1],
        );
      },
      continueAsNew: (input, next) =>
        next({ ...input, headers: workflowProcess.headers.ofContinuation() }),
      signalWorkflow(input, next) {
        const headers = workflowProcess.headers.takeForSignal();
        return workflowProcess.gate.pass('signal', bytesOf(input.args, headers), () =>
          next({ ...input, headers }),
        );
      },
    },
  ],
  internals: [
    {
      activate({ activation, batchIndex }, next) {
        workflowProcess.activate();
        const jobs = firstCancelFirst((activation.jobs ?? []).filter(harmless)).map(cancelAsSignal);
        next({ activation: { ...activation, jobs }, batchIndex });
      },
      concludeActivation(input, next) {
        workflowProcess.cancelReasons.write(input.commands);
        return next(input);
      },
    },
  ],
});

/** A signal with a name of Temporal's own would fail this task, and then every later one. */
function harmless(job: Job): boolean {
  const name = job.signalWorkflow?.signalName;
  return name == null || !isReservedByTemporal(name);
}

/**
 * The SDK hands a cancel request over after the signals of the same task. Later requests come as signals,
 * and the first one belongs before those.
 */
function firstCancelFirst(jobs: Job[]): Job[] {
  const first = jobs.findIndex((job) => job.cancelWorkflow != null);
  const later = jobs.findIndex((job) => job.signalWorkflow?.signalName === OwnSignal.CANCEL);
  if (later < 0 || first < later) return jobs;
  const [cancel] = jobs.splice(first, 1);
  if (cancel !== undefined) jobs.splice(later, 0, cancel);
  return jobs;
}

/** A cancel request becomes a signal, so that it reaches the process with its reason, which the SDK drops. */
function cancelAsSignal(job: Job): Job {
  if (job.cancelWorkflow == null) return job;
  const note = readCancelReason(job.cancelWorkflow.reason);
  const signalWorkflow = {
    signalName: OwnSignal.CANCEL,
    input: [defaultPayloadConverter.toPayload(note)],
    headers: {},
  };
  return { variant: 'signalWorkflow', signalWorkflow } as Job;
}
