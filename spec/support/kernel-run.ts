/** Runs generator programs on a kernel with a host made for specs. */
import type { Value } from '../../src/core/payload.js';
import type { Channel, SelectCase } from '../../src/kernel/channel.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Answer } from '../../src/kernel/program.js';
import type { Request, Selected } from '../../src/kernel/request.js';
import { GeneratorTask, type Main } from './generator-program.js';
import { TestHost, type TestHostOptions } from './test-host.js';

export type Body = Generator<Request, void, Answer>;

export interface KernelRun {
  readonly host: TestHost;
  readonly kernel: Kernel;
  /** How often the program was closed. */
  readonly closes: () => number;
}

/** A process that runs `main` until it waits. */
export function runProcess(main: Main, options: TestHostOptions = {}): KernelRun {
  const host = new TestHost(options);
  const { kernel } = host;
  let closes = 0;
  host.run({
    start: (values) => new GeneratorTask(kernel, main(kernel, ...values)),
    close: () => {
      closes++;
    },
  });
  return { host, kernel, closes: () => closes };
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

/** An answer that succeeded with `value`. */
export const succeeded = (value: Value): Answer => ({ value, ok: true, error: null });
