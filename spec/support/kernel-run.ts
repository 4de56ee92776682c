/** Runs generator programs on a kernel with fake syscalls. */
import type { Value } from '../../src/core/payload.js';
import type { Context } from '../../src/core/signal.js';
import type { Channel, SelectCase } from '../../src/kernel/channel.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Answer } from '../../src/kernel/program.js';
import type { Request, Selected } from '../../src/kernel/request.js';
import { type FakeSyscalls, fakeKernel } from './fake-syscalls.js';
import { GeneratorTask, type Main } from './generator-program.js';

export type Body = Generator<Request, void, Answer>;

export interface KernelRun {
  readonly kernel: Kernel;
  readonly world: FakeSyscalls;
  /** How often the program was closed. */
  readonly closes: () => number;
}

/** A process that runs `main` until it waits. */
export function runProcess(
  main: Main,
  values: readonly Value[] = [],
  context?: Context,
): KernelRun {
  const { kernel, world } = fakeKernel(context);
  let closes = 0;
  kernel.start(
    {
      start: (args) => new GeneratorTask(kernel, main(kernel, ...args)),
      close: () => {
        closes++;
      },
    },
    values,
  );
  kernel.run();
  return { kernel, world, closes: () => closes };
}

/** Starts another task of the process. */
export function* fork(kernel: Kernel, body: () => Generator<Request, unknown, Answer>): Body {
  yield { op: 'fork', task: new GeneratorTask(kernel, body()) };
}

/** The item, or `closed`. */
export function* receive(channel: Channel): Generator<Request, unknown, Answer> {
  const answer = yield { op: 'receive', channel, timeoutMs: null };
  return answer.ok ? answer.value : 'closed';
}

export function* offer(channel: Channel, item: unknown): Generator<Request, Answer, Answer> {
  return yield { op: 'offer', channel, item };
}

export function* select(
  cases: readonly SelectCase[],
  orElse = false,
): Generator<Request, Selected, Answer> {
  const answer = yield { op: 'select', cases, orElse };
  if (answer.error !== null) throw answer.error;
  return answer.value as Selected;
}

export function* sleep(delayMs: number): Body {
  yield { op: 'sleep', delayMs };
}
