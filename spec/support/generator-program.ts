/**
 * Programs for specs, written as generators: `yield` asks the kernel and gives its answer, `return`
 * is what `main` returns, a throw is a failure.
 */
import { PerdureError } from '../../src/core/errors.js';
import { copyValue, type Value } from '../../src/core/payload.js';
import type { Programs } from '../../src/hosts/local/programs.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import {
  type Answer,
  type Program,
  type Step,
  type Task,
  WAITING,
} from '../../src/kernel/program.js';
import type { Request } from '../../src/kernel/request.js';

export type Main = (kernel: Kernel, ...args: Value[]) => Generator<Request, unknown, Answer>;

export class GeneratorTask implements Task {
  constructor(
    private readonly kernel: Kernel,
    private readonly body: Generator<Request, unknown, Answer>,
  ) {}

  resume(answer: Answer | null): Step {
    try {
      let input = answer;
      for (;;) {
        const next = input === null ? this.body.next() : this.body.next(input);
        if (next.done) return { kind: 'done', value: copyValue(next.value, 'result') };
        input = this.kernel.perform(next.value);
        if (input === null) return WAITING;
      }
    } catch (thrown) {
      return { kind: 'failed', error: PerdureError.from(thrown) };
    }
  }

  where(): string | null {
    return null;
  }
}

class GeneratorProgram implements Program {
  constructor(
    private readonly kernel: Kernel,
    private readonly main: Main,
  ) {}

  start(values: readonly Value[]): Task {
    return new GeneratorTask(this.kernel, this.main(this.kernel, ...values));
  }

  close(): void {}
}

/** Programs by entry id. */
export function generatorPrograms(mains: { readonly [entry: string]: Main }): Programs {
  return {
    open(entry, kernel) {
      const main = mains[entry];
      if (main === undefined) throw new PerdureError('NOT_FOUND', `entry not found: ${entry}`);
      return new GeneratorProgram(kernel, main);
    },
  };
}

/** Waits for the next event of the process. */
export function* nextEvent(kernel: Kernel) {
  const answer: Answer = yield {
    op: 'receive',
    channel: kernel.mailbox.events,
    timeoutMs: null,
  } as const;
  return answer.value as import('../../src/core/signal.js').ProcessEvent;
}

/** Waits for the next message of the process's inbox. */
export function* nextMessage(kernel: Kernel) {
  const answer: Answer = yield {
    op: 'receive',
    channel: kernel.mailbox.inbox,
    timeoutMs: null,
  } as const;
  return answer.value as import('../../src/core/message.js').Message;
}
