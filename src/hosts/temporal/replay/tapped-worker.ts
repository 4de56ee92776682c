/** A worker that lets every activation of its workflows be seen, and its completion be changed. */
import type { coresdk } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';

export type Activation = coresdk.workflow_activation.IWorkflowActivation;
export type Completion = coresdk.workflow_completion.IWorkflowActivationCompletion;

/** Runs `inner`, which gives the activation to the workflow. */
export type Tap = (activation: Activation, inner: () => Promise<Completion>) => Promise<Completion>;

/** The SDK's worker class, with a tap for each workflow that it keeps. */
export function tappedWorker(newTap: () => Tap): typeof Worker {
  return class extends Worker {
    protected static override async createWorkflowCreator(
      ...args: Parameters<typeof Worker.createWorkflowCreator>
    ) {
      const creator = await Worker.createWorkflowCreator(...args);
      return {
        createWorkflow: async (options: Parameters<typeof creator.createWorkflow>[0]) => {
          const workflow = await creator.createWorkflow(options);
          const tap = newTap();
          return {
            activate: (activation: Activation) =>
              tap(activation, () => workflow.activate(activation)),
            getAndResetSinkCalls: () => workflow.getAndResetSinkCalls(),
            dispose: () => workflow.dispose(),
          };
        },
        destroy: () => creator.destroy(),
      };
    }
  };
}
