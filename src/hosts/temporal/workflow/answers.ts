/**
 * Queries and updates: what the program has registered, told to the SDK, and the SDK's calls, given to the
 * program.
 *
 * 1. The SDK learns of a handler only while the process is idle: it may hand over an update that has waited
 *    for that very handler at once. What nothing handles at the end of a task the SDK rejects.
 * 2. Queries and validators only look (kernel/look.ts); an update is a task of the process, whose failure
 *    fails the update and nothing else.
 * 3. What looks is not in history, so what it spends of the budget is not counted: a replay would not spend it.
 */
import { defineQuery, defineUpdate, setHandler } from '@temporalio/workflow';
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { Value } from '../../../core/payload.js';
import type { ExitResult } from '../../../core/signal.js';
import type { TaskMaker } from '../../../kernel/handlers.js';
import type { Kernel } from '../../../kernel/kernel.js';
import type { Budget } from '../../../lua/engine.js';
import { toFailure } from './failures.js';
import { encodeArg } from './payload-converter.js';

/** perdure's own query: what the process is doing. */
const STATUS_QUERY = 'perdure.status';

interface Process {
  /** Runs it until it is idle. */
  step(): void;
  /** Whether it is about to go on as another run, which an update that is accepted now would not reach. */
  leaving(): boolean;
}

export class Answers {
  private readonly known = new Set<string>();

  constructor(
    private readonly kernel: Kernel,
    private readonly budget: Budget,
    private readonly process: Process,
  ) {
    const description =
      'What the process is doing: what each coroutine waits for, and its mailbox.';
    setHandler(defineQuery(STATUS_QUERY), () => encodeArg(statusOf(kernel), 'status'), {
      description,
    });
  }

  /** Tells the SDK of handlers that are new. The process is idle. */
  announce(): void {
    const { queries, updates } = this.kernel.handlers;
    for (const name of queries.keys()) {
      if (this.isNew(`query ${name}`)) this.announceQuery(name);
    }
    for (const name of updates.keys()) {
      if (this.isNew(`update ${name}`)) this.announceUpdate(name);
    }
  }

  private isNew(what: string): boolean {
    if (this.known.has(what)) return false;
    this.known.add(what);
    return true;
  }

  private announceQuery(name: string): void {
    setHandler(defineQuery(name), (...args: unknown[]) => {
      const make = this.kernel.handlers.queries.get(name);
      const { value, error } = this.look(make, args as Value[]);
      if (error !== null) throw toFailure(error.wrap(`query ${name}`), true);
      return encodeArg(value, 'result');
    });
  }

  private announceUpdate(name: string): void {
    setHandler(defineUpdate(name), (...args: unknown[]) => this.update(name, args as Value[]), {
      validator: (...args: unknown[]) => this.validate(name, args as Value[]),
    });
  }

  private validate(name: string, values: readonly Value[]): void {
    const refuse = (error: PerdureError) => toFailure(error.wrap(`update ${name}`), true);
    if (this.kernel.result !== null) {
      throw refuse(new PerdureError(ErrorKind.CANCELED, 'the process has ended'));
    }
    if (this.process.leaving()) {
      const text = 'the process is about to go on as another run: ask again';
      throw refuse(new PerdureError(ErrorKind.UNAVAILABLE, text));
    }
    const make = this.kernel.handlers.updates.get(name)?.validate;
    if (make == null) return;
    const { value, error } = this.look(make, values);
    if (error !== null) throw refuse(error);
    if (value === false) {
      throw refuse(new PerdureError(ErrorKind.INVALID, 'its validator said no'));
    }
  }

  /** Once the process has ended nothing answers: the server fails the update with the run. */
  private update(name: string, values: readonly Value[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const make = this.kernel.handlers.updates.get(name)?.run;
      if (make === undefined) return;
      this.kernel.answerWith(make(values), ({ value, error }) => {
        if (error !== null) reject(toFailure(error, error.retryable === false));
        else resolve(encoded(value, reject));
      });
      this.process.step();
    });
  }

  private look(make: TaskMaker | undefined, values: readonly Value[]): ExitResult {
    const { used } = this.budget;
    this.budget.renew();
    try {
      if (make === undefined) throw new Error('no handler');
      return this.kernel.lookWith(make(values));
    } catch (thrown) {
      return { value: null, error: PerdureError.from(thrown) };
    } finally {
      this.budget.used = used;
    }
  }
}

/** The value for the SDK; one that cannot be sent fails the update. */
function encoded(value: Value, reject: (failure: Error) => void): unknown {
  try {
    return encodeArg(value, 'result');
  } catch (thrown) {
    reject(toFailure(PerdureError.from(thrown), true));
    return undefined;
  }
}

function statusOf(kernel: Kernel): Value {
  const { handlers, mailbox, result } = kernel;
  return {
    status: result === null ? 'running' : 'ended',
    entry: kernel.entry,
    pid: kernel.pid,
    waiting_for: kernel.waiting().map(({ op, at }) => ({ what: op, at })),
    mailbox: mailbox.depth,
    topics: mailbox.topics,
    queries: [...handlers.queries.keys()],
    updates: [...handlers.updates.keys()],
  };
}
