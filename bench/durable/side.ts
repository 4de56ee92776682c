/** One of those who are compared: a worker, and the names that its workflows have. */
import type { History } from '@temporalio/common/lib/proto-utils.js';
import type { Who } from '../support/figure.js';

/** The same workflows, in TypeScript (`plain-workflows.ts`) and in Lua (`app/_index.yaml`). */
export type WorkflowName = 'hello' | 'inbox' | 'steps';

export interface Side {
  readonly who: Who;
  readonly taskQueue: string;
  /** The type that a workflow has here. */
  typeOf(name: WorkflowName): string;
  /** Replays a history with the present code. @throws where it diverges. */
  replay(history: History, workflowId: string): Promise<void>;
  stop(): Promise<void>;
}
