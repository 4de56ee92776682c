/** The entry of the sandbox bundle: one workflow function that runs any type. */
import { setDefaultSignalHandler, workflowInfo } from '@temporalio/workflow';
import type { Value } from '../../../core/payload.js';
import { workflowProcess } from './instance.js';
import { isScript } from './sandbox-app.js';

// Registered at load: in the first task signals are handled before the workflow function runs. The
// interceptor takes them; only the SDK's own signal names come past it, and those are messages too.
if (!isScript(workflowInfo().workflowType)) {
  setDefaultSignalHandler((name, ...args) => workflowProcess.receive(name, args as Value[], {}));
}

/** Never called: the interceptor runs the process, for it has the headers. */
export default async function workflow(): Promise<never> {
  throw new Error('the interceptors of perdure are not in this bundle');
}
