/** The node as the Temporal host sees it. */
import { PerdureError } from '../core/errors.js';
import type { ExitResult } from '../core/signal.js';
import { LocalFunctions } from '../hosts/local/functions.js';
import type { FunctionOrder, NodePort } from '../hosts/temporal/index.js';
import type { Node } from '../runtime/node.js';

export function nodePort(node: Node, print: (text: string) => void): NodePort {
  const functions = new LocalFunctions(node);
  return {
    name: node.name,
    deliver: (pid, signal) => node.deliver(pid, signal),
    spawn: (host, order) => node.spawn(host, order),
    runFunction: (order) => runFunction(functions, order),
    exited: (pid, result) => node.exited(pid, result),
    hold: (reason) => node.clock.hold(reason),
    log: (level, message, fields, source) => {
      const { pid = null, entry = null } = source ?? {};
      node.events.publish({
        kind: 'log',
        level,
        message,
        pid,
        entry,
        fields,
        at: node.clock.now(),
      });
    },
    print,
  };
}

function runFunction(functions: LocalFunctions, order: FunctionOrder): Promise<ExitResult> {
  return new Promise((resolve) => {
    const { entry, values, context, options, parent, signal } = order;
    const abort = functions.call({ entry, values, context, options }, parent, (answer) => {
      signal.removeEventListener('abort', onAbort);
      resolve({
        value: answer.error === null ? (answer.value as ExitResult['value']) : null,
        error: answer.error,
      });
    });
    const onAbort = () => {
      abort();
      const error = PerdureError.from(signal.reason ?? 'the activity was cancelled', 'CANCELED');
      resolve({ value: null, error });
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
