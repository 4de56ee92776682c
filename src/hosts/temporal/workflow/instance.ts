/**
 * The process of this workflow. Modules that are not preloaded are loaded anew for each workflow, so this
 * is one object a workflow; it joins the interceptors and the workflow function, which the SDK loads apart.
 */
import { WorkflowProcess } from './process.js';

export const workflowProcess = new WorkflowProcess();
