/**
 * Strands: what can be ready, running or waiting in a process. A task is one; of an asynchronous task,
 * each request that waits is one of its own, for several may wait at once (`Promise.all`).
 *
 * The lists run through the strands themselves, so that a process that waits holds nothing but its strand.
 */
import { PerdureError } from '../core/errors.js';
import type { ExitResult } from '../core/signal.js';
import type { Waiter } from './channel.js';
import type { Answer, Step, Task } from './program.js';
import type { Request } from './request.js';

export abstract class Strand {
  /** What it waits for, by the name of the request; `null` while ready or running. */
  waitsFor: Request['op'] | null = null;
  answer: Answer | null = null;
  nextReady: Strand | null = null;
  before: Strand | null = null;
  after: Strand | null = null;
  /** What it waits with at channels; made when it first does. */
  waiter: Waiter | null = null;

  constructor(
    /** `request`: of an asynchronous task; it is resumed once, and is then no longer a strand of the process. */
    readonly kind: 'main' | 'task' | 'request',
  ) {}

  abstract resume(answer: Answer | null): Step;
  abstract where(): string | null;
}

export class TaskStrand extends Strand {
  constructor(
    kind: 'main' | 'task',
    private readonly task: Task,
  ) {
    super(kind);
  }

  resume(answer: Answer | null): Step {
    return this.task.resume(answer);
  }

  where(): string | null {
    return this.task.where();
  }
}

/** A task that answers somebody outside: its end, a failure too, is told to them and ends nothing else. */
export class AnswerStrand extends TaskStrand {
  constructor(
    task: Task,
    readonly ended: (result: ExitResult) => void,
  ) {
    super('task', task);
  }
}

/** A turn of a task; what an engine throws ends the process, and never the host that runs it. */
export function stepOf(strand: Strand, answer: Answer | null): Step {
  try {
    return strand.resume(answer);
  } catch (thrown) {
    return { kind: 'failed', error: PerdureError.from(thrown) };
  }
}

/** Ready strands, in the order in which they became ready. A strand stands in it at most once. */
export class ReadyList {
  head: Strand | null = null;
  private last: Strand | null = null;

  push(strand: Strand): void {
    if (this.last === null) this.head = strand;
    else this.last.nextReady = strand;
    this.last = strand;
  }

  shift(): Strand | null {
    const { head } = this;
    if (head === null) return null;
    this.head = head.nextReady;
    head.nextReady = null;
    if (this.head === null) this.last = null;
    return head;
  }

  clear(): void {
    this.head = null;
    this.last = null;
  }
}

/** Every strand of a process, in the order in which they came. */
export class StrandList {
  private first: Strand | null = null;
  private last: Strand | null = null;

  add(strand: Strand): void {
    strand.before = this.last;
    strand.after = null;
    if (this.last === null) this.first = strand;
    else this.last.after = strand;
    this.last = strand;
  }

  remove(strand: Strand): void {
    if (strand.before === null) this.first = strand.after;
    else strand.before.after = strand.after;
    if (strand.after === null) this.last = strand.before;
    else strand.after.before = strand.before;
  }

  clear(): void {
    this.first = null;
    this.last = null;
  }

  toArray(): Strand[] {
    const strands: Strand[] = [];
    for (let s = this.first; s !== null; s = s.after) strands.push(s);
    return strands;
  }
}
