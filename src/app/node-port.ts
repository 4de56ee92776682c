/** The node as the Temporal host sees it. */
import { PerdureError } from '../core/errors.js';
import type { ExitResult, Signal } from '../core/signal.js';
import type { FunctionOrder, NodePort } from '../hosts/temporal/index.js';
import type { Node } from '../runtime/node.js';
import { FUNCTIONS } from '../runtime/runtime.js';

export function nodePort(node: Node, print: (text: string) => void): NodePort {
  return {
    name: node.name,
    deliver: (pid, signal) => node.deliver(pid, signal),
    relate: (op, from, to) => node[op](from, to),
    isWatched: (pid) => node.topology.isWatched(pid),
    isWatching: (pid) => node.topology.monitorsOf(pid).length > 0,
    disconnected: (pid, error) => node.disconnected(pid, error),
    spawn: (host, order) => node.spawn(host, order),
    runFunction: (order) => runFunction(node, order),
    exited: (pid, result) => node.exited(pid, result),
    hold: (reason) => node.clock.hold(reason),
    undelivered(from, to, topic, error) {
      const at = node.clock.now();
      node.events.publish({ kind: 'undeliverable', from, to, topic, error, at });
    },
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

/** How long a function may go on once its activity is of no use to anybody, or its worker stops. */
const LAST_WORDS_MS = 10_000;

/**
 * The function is a process like any other: when its activity is cancelled it reads CANCEL, and may end in
 * its own way until its time is up; one that never asked for its events ends at once.
 */
function runFunction(node: Node, order: FunctionOrder): Promise<ExitResult> {
  const { entry, values, context, options, parent, signal } = order;
  return new Promise((resolve) => {
    const spawned = node.spawn(FUNCTIONS, {
      ...{ entry, values, context, options, parent },
      ...{ name: null, messages: [] },
    });
    if (spawned instanceof Promise) throw new Error(`${FUNCTIONS} answered with a promise`);
    if ('error' in spawned) return resolve({ value: null, error: spawned.error });
    const { pid } = spawned;
    const stop = () => void node.deliver(pid, stopSignal(order));
    node.observe(pid, (result) => {
      signal.removeEventListener('abort', stop);
      resolve(result);
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

function stopSignal({ signal, parent: from, startToCloseMs }: FunctionOrder): Signal {
  const why = PerdureError.from(signal.reason ?? CANCELLED, 'CANCELED').message;
  const asked = why === CANCELLED;
  const words = why.toLowerCase().replaceAll('_', ' ');
  const reason = asked ? 'the activity was cancelled' : `the activity was cancelled: ${words}`;
  const deadlineMs = asked ? startToCloseMs : Math.min(LAST_WORDS_MS, startToCloseMs);
  return { kind: 'cancel', from, reason, deadlineMs, stopping: true };
}

/** What the SDK calls a cancel that the workflow asked for. */
const CANCELLED = 'CANCELLED';
