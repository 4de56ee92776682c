import type { Pid } from '../../core/pid.js';
import type { Answer } from '../../kernel/program.js';
import type { CallRequest } from '../../kernel/request.js';
import type { Node } from '../../runtime/node.js';
import type { FunctionCaller } from './programs.js';

const FUNCTIONS_HOST = 'perdure:functions';

export class LocalFunctions implements FunctionCaller {
  constructor(private readonly node: Node) {}

  call(request: CallRequest, parent: Pid | null, done: (answer: Answer) => void): () => void {
    const { entry, values, context, options } = request;
    const order = { entry, values, name: null, messages: [], context, options, parent };
    const spawned = this.node.spawn(FUNCTIONS_HOST, order);
    if (spawned instanceof Promise) throw new Error(`${FUNCTIONS_HOST} answered with a promise`);
    if ('error' in spawned) {
      done({ value: null, ok: false, error: spawned.error });
      return () => {};
    }
    const { pid } = spawned;
    const unwatch = this.node.observe(pid, ({ value, error }) => {
      done({ value, ok: error === null, error });
    });
    return () => {
      unwatch();
      void this.node.deliver(pid, {
        kind: 'terminate',
        from: parent,
        reason: 'the call was given up',
      });
    };
  }
}
