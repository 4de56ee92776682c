/** Where the log lines and the printed text of workflows go: to the node. */
import type { InjectedSinks } from '@temporalio/worker';
import { PerdureError } from '../../core/errors.js';
import { parsePid } from '../../core/pid.js';
import type { NodePort } from './node-port.js';
import type { PerdureSinks } from './workflow/logs.js';

/** @param duringReplay whether what was said before is said again when a workflow is replayed. */
export function workerSinks(node: NodePort, duringReplay: boolean): InjectedSinks<PerdureSinks> {
  return {
    perdure: {
      log: {
        fn(info, level, message, fields, pid, entry) {
          const extra = fields === null ? {} : JSON.parse(fields);
          const id = parsePid(pid)?.id === info.workflowId ? {} : { workflow_id: info.workflowId };
          node.log(level, message, { ...extra, ...id }, { pid, entry });
        },
        callDuringReplay: duringReplay,
      },
      undelivered: {
        fn(_info, from, to, topic, kind, message) {
          node.undelivered(from, to, topic, new PerdureError(kind, message));
        },
        callDuringReplay: false,
      },
      print: {
        fn(_info, text) {
          node.print(text);
        },
        callDuringReplay: duringReplay,
      },
    },
  };
}
