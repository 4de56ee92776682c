/** Processes that do as a {@link Turn} says and note what they see: the other side of the process model. */

import { PerdureError } from '../../src/core/errors.js';
import { Message } from '../../src/core/message.js';
import type { Pid } from '../../src/core/pid.js';
import type { ExitResult, ProcessEvent } from '../../src/core/signal.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Answer } from '../../src/kernel/program.js';
import type { Request, Selected } from '../../src/kernel/request.js';
import type { Main } from './generator-program.js';
import { HOST, type LocalNode, localNode } from './local-node.js';
import type { End, Seen, Step, Turn } from './process-model.js';

const ENTRY = 'app:puppet';

export interface Puppet extends Seen {
  readonly pid: Pid;
  end: End | null;
  fresh: string[];
}

export class Puppets {
  readonly processes: Puppet[] = [];
  readonly local: LocalNode;
  private readonly numbers = new Map<Pid, number>();
  private turns: readonly Turn[] = [];
  private sent = 0;

  constructor(
    count: number,
    private readonly limit: number,
  ) {
    this.local = localNode({ [ENTRY]: (kernel) => this.main(kernel) });
    this.local.node.events.subscribe((event) => {
      if (event.kind === 'exited') this.at(event.pid).end = endOf(event.result);
    });
    for (let i = 0; i < count; i++) this.add(this.local.spawn(ENTRY));
  }

  /** Every turn in its order, then whatever follows from them. */
  async wave(turns: readonly Turn[]): Promise<void> {
    this.turns = turns;
    turns.forEach(({ actor }, turn) => {
      const { pid } = this.processes[actor] as Puppet;
      void this.local.node.send(pid, new Message(null, 'turn', [turn], null));
    });
    await this.settled();
    for (const process of this.processes) process.events.push(...process.fresh.splice(0).sort());
  }

  /** Until everybody waits, and nobody has ended without that having been told. */
  async settled(): Promise<void> {
    while (this.local.host.list().some(({ status }) => status !== 'waiting')) {
      await new Promise(setImmediate);
    }
  }

  number(pid: Pid): number {
    return this.numbers.get(pid) as number;
  }

  private at(pid: Pid): Puppet {
    return this.processes[this.number(pid)] as Puppet;
  }

  private add(pid: Pid): number {
    this.numbers.set(pid, this.processes.length);
    const fresh = { pid, end: null, answers: [], messages: [], events: [], fresh: [] };
    return this.processes.push(fresh) - 1;
  }

  private *main(kernel: Kernel): ReturnType<Main> {
    const { events, inbox } = kernel.mailbox;
    const cases = [events, inbox].map((channel) => ({ channel, sends: false, item: null }));
    for (;;) {
      const answer: Answer = yield { op: 'select', cases, orElse: false };
      const { channel, value } = answer.value as Selected;
      if (channel === events) this.noteEvent(kernel.pid, value as ProcessEvent);
      else {
        const { topic, from, first } = value as Message;
        if (topic === 'turn') {
          const { steps } = this.turns[Number(first)] as Turn;
          for (const step of steps) {
            if (step.op === 'return') return 'value';
            yield* this.step(kernel, step);
          }
        } else this.at(kernel.pid).messages.push(`${first} from ${this.number(from as Pid)}`);
      }
    }
  }

  private *step(kernel: Kernel, step: Step): Generator<Request, void, Answer> {
    const self = this.at(kernel.pid);
    const note = (text: string) => self.answers.push(`${step.op} ${text}`);
    switch (step.op) {
      case 'return':
        return;
      case 'fail':
        throw new PerdureError('CANCELED', 'told to fail');
      case 'trap':
        kernel.flags = { ...kernel.flags, trapLinks: step.on };
        note('true');
        return;
      case 'register':
        note(said(yield { op: 'register', name: `name ${step.name}` }));
        return;
      case 'send':
        note(yield* this.send(this.pid(step.target)));
        return;
      case 'sendTo': {
        const name = `name ${step.name}`;
        if (this.local.node.names.lookup(name) !== undefined) note(yield* this.send(name));
        else note(said(yield { op: 'send', target: name, topic: 't', values: [] }));
        return;
      }
      case 'spawn': {
        if (this.processes.length >= this.limit) note('none');
        else yield* this.spawn(step, note);
        return;
      }
      case 'terminate':
        note(said(yield { op: 'terminate', pid: this.pid(step.target), reason: null }));
        return;
      default:
        note(said(yield { op: step.op, pid: this.pid(step.target) }));
    }
  }

  private *send(target: string): Generator<Request, string, Answer> {
    const number = ++this.sent;
    return `${number} ${said(yield { op: 'send', target, topic: 't', values: [number] })}`;
  }

  private *spawn(
    { monitor, link }: Step & { op: 'spawn' },
    note: (text: string) => void,
  ): Generator<Request, void, Answer> {
    const order = { entry: ENTRY, host: HOST, values: [], name: null, messages: [] };
    const spawn = { ...order, context: {}, options: {}, monitor, link };
    const answer = yield { op: 'spawn', spawn };
    note(String(this.add(answer.value as Pid)));
  }

  private noteEvent(pid: Pid, event: ProcessEvent): void {
    if (event.kind !== 'EXIT' && event.kind !== 'LINK_DOWN') throw new Error(event.kind);
    const { kind, from, result } = event;
    this.at(pid).fresh.push(`${kind} ${this.number(from)} ${endOf(result)}`);
  }

  private pid(target: number): Pid {
    return (this.processes[target] as Puppet).pid;
  }
}

function said({ error, value }: Answer): string {
  return error === null ? String(value ?? true) : error.kind;
}

function endOf({ error }: ExitResult): End {
  if (error === null) return 'value';
  return error.kind === 'CANCELED' ? 'ended' : error.kind;
}
