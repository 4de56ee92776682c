/** A program in TypeScript: async functions as the tasks of a process. */
import type { ProcessDefinition } from '../core/definition.js';
import { PerdureError } from '../core/errors.js';
import { copyValue, type Value } from '../core/payload.js';
import type { Kernel } from '../kernel/kernel.js';
import { type Performer, type Program, type Step, type Task, WAITING } from '../kernel/program.js';
import type { Strand } from '../kernel/strand.js';
import { ProcessContext } from './context.js';
import type { Body } from './define.js';

/**
 * A task that runs an async function. Its first turn calls the function; after that it goes on by
 * itself whenever one of its promises is settled, and one last turn says how it ended.
 */
class AsyncTask implements Task {
  private outcome: Step | null = null;

  constructor(
    private readonly kernel: Performer,
    private body: Body | null,
    /** What `main` gets besides its arguments; `null` for a further task, which gets nothing. */
    private readonly context: ProcessContext | null,
    private readonly values: readonly Value[],
  ) {}

  resume(): Step {
    const { body } = this;
    if (body === null) return this.outcome ?? WAITING;
    this.body = null;
    const result = this.call(body);
    if (!isThenable(result)) return done(result);
    this.follow(result, this.kernel.running());
    return WAITING;
  }

  where(): string | null {
    return null;
  }

  /** Few arguments are the rule, and spreading a list is slow. */
  private call(body: Body): unknown {
    const { context, values } = this;
    if (context === null) return (body as () => unknown)();
    if (values.length === 0) return body(context);
    return values.length === 1 ? body(context, values[0]) : body(context, ...values);
  }

  private follow(result: PromiseLike<unknown>, strand: Strand): void {
    result.then(
      (value) => this.end(done(value), strand),
      (thrown: unknown) => this.end(failed(thrown), strand),
    );
  }

  private end(step: Step, strand: Strand): void {
    this.outcome = step;
    this.kernel.again(strand);
  }
}

function done(result: unknown): Step {
  try {
    return { kind: 'done', value: copyValue(result, 'result') };
  } catch (thrown) {
    return failed(thrown);
  }
}

function failed(thrown: unknown): Step {
  return { kind: 'failed', error: PerdureError.from(thrown) };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

const taskOf = (kernel: Performer, body: () => unknown): Task =>
  new AsyncTask(kernel, body, null, []);

class AsyncProgram implements Program {
  private context: ProcessContext | null = null;

  constructor(
    private readonly kernel: Kernel,
    private readonly main: Body,
  ) {}

  start(values: readonly Value[]): Task {
    const { kernel, main } = this;
    const context = new ProcessContext(kernel, taskOf);
    this.context = context;
    return new AsyncTask(kernel, main, context, values);
  }

  close(): void {
    this.context?.close();
    this.context = null;
  }
}

/** The program of a definition, for one process. */
export function openDefinition(definition: ProcessDefinition, kernel: Kernel): Program {
  return new AsyncProgram(kernel, definition.main as Body);
}
