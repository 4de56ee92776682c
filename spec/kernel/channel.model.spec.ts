/**
 * Random programs over channels do the same on the kernel as on a model that is too simple to be wrong:
 * plain arrays, searched from the start each time.
 */
import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { isPerdureError } from '../../src/core/errors.js';
import { Channel } from '../../src/kernel/channel.js';
import type { Answer } from '../../src/kernel/program.js';
import type { Request, Selected } from '../../src/kernel/request.js';
import { type Body, fork, runProcess } from '../support/kernel-run.js';

type Case = { readonly channel: number; readonly sends: boolean; readonly item: number };
type Op =
  | { readonly op: 'receive'; readonly channel: number }
  | { readonly op: 'send'; readonly channel: number; readonly item: number }
  | { readonly op: 'close'; readonly channel: number }
  | { readonly op: 'select'; readonly cases: readonly Case[]; readonly orElse: boolean };

interface Plan {
  readonly capacities: readonly number[];
  readonly tasks: readonly (readonly Op[])[];
}

/** What happened, in order: which task got which outcome. */
type Trace = string[];

const CHANNELS = 3;
const channel = fc.nat({ max: CHANNELS - 1 });
const item = fc.nat({ max: 9 });
const oneCase = fc.record({ channel, sends: fc.boolean(), item });
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('receive' as const), channel }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('send' as const), channel, item }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('close' as const), channel }) },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('select' as const),
      cases: fc.array(oneCase, { minLength: 1, maxLength: 4 }),
      orElse: fc.boolean(),
    }),
  },
);
const plan: fc.Arbitrary<Plan> = fc.record({
  capacities: fc.array(fc.nat({ max: 2 }), { minLength: CHANNELS, maxLength: CHANNELS }),
  tasks: fc.array(fc.array(op, { maxLength: 8 }), { minLength: 1, maxLength: 4 }),
});

/** The plan on the real kernel. */
function onKernel({ capacities, tasks }: Plan): Trace {
  const trace: Trace = [];
  const channels = capacities.map((capacity) => new Channel(capacity));
  const at = (i: number): Channel => channels[i] as Channel;
  const requestOf = (step: Exclude<Op, { op: 'close' }>): Request => {
    if (step.op === 'receive') {
      return { op: 'receive', channel: at(step.channel), timeoutMs: null };
    }
    if (step.op === 'send') return { op: 'offer', channel: at(step.channel), item: step.item };
    const cases = step.cases.map((c) =>
      c.sends ? at(c.channel).caseSend(c.item) : at(c.channel).caseReceive(),
    );
    return { op: 'select', cases, orElse: step.orElse };
  };
  const outcome = (step: Op, { value, ok, error }: Answer): string => {
    if (error !== null) return error.kind;
    if (step.op !== 'select') return `${value} ${ok}`;
    const chosen = value as Selected;
    const index = chosen.channel === null ? -1 : channels.indexOf(chosen.channel);
    return `${index} ${chosen.value} ${chosen.ok}`;
  };
  function* body(name: number, steps: readonly Op[]): Body {
    for (const step of steps) {
      if (step.op === 'close') {
        try {
          at(step.channel).close();
          trace.push(`${name} closed`);
        } catch (thrown) {
          if (!isPerdureError(thrown)) throw thrown;
          trace.push(`${name} ${thrown.kind}`);
        }
      } else {
        const answer = yield requestOf(step);
        trace.push(`${name} ${outcome(step, answer)}`);
      }
    }
  }
  runProcess(function* (kernel) {
    for (const [name, steps] of tasks.entries()) {
      yield* fork(kernel, () => body(name, steps));
    }
    yield { op: 'receive', channel: new Channel(0), timeoutMs: null };
  });
  trace.push(...channels.map((c) => `left ${c.length} ${c.awaited}`));
  return trace;
}

interface Waiting {
  readonly task: number;
  readonly op: 'receive' | 'send' | 'select';
  readonly cases: readonly Case[];
}

/** The plan on the model. */
function onModel({ capacities, tasks }: Plan): Trace {
  const trace: Trace = [];
  const channels = capacities.map((capacity) => ({
    capacity,
    buffer: [] as number[],
    closed: false,
  }));
  const at = (i: number) => channels[i] as (typeof channels)[number];
  let waiting: Waiting[] = [];
  const ready = tasks.map((_, task) => ({ task, outcome: null as string | null }));
  const position = tasks.map(() => 0);

  const wake = (entry: Waiting, channelIndex: number, value: number | null, ok: boolean) => {
    waiting = waiting.filter((other) => other !== entry);
    const outcome = entry.op === 'select' ? `${channelIndex} ${value} ${ok}` : `${value} ${ok}`;
    ready.push({ task: entry.task, outcome });
  };
  const refuse = (entry: Waiting) => {
    waiting = waiting.filter((other) => other !== entry);
    ready.push({ task: entry.task, outcome: 'INVALID' });
  };
  const find = (channelIndex: number, sends: boolean) => {
    for (const entry of waiting) {
      const found = entry.cases.find((c) => c.channel === channelIndex && c.sends === sends);
      if (found !== undefined) return { entry, found };
    }
    return undefined;
  };
  /** Does the case if it can be done now. */
  const attempt = (c: Case): { value: number | null; ok: boolean } | 'INVALID' | null => {
    const target = at(c.channel);
    if (c.sends) {
      if (target.closed) return 'INVALID';
      const receiver = find(c.channel, false);
      if (receiver !== undefined) wake(receiver.entry, c.channel, c.item, true);
      else if (target.buffer.length < target.capacity) target.buffer.push(c.item);
      else return null;
      return { value: null, ok: true };
    }
    const held = target.buffer.shift();
    const sender = find(c.channel, true);
    if (sender !== undefined) wake(sender.entry, c.channel, null, true);
    if (held !== undefined) {
      if (sender !== undefined) target.buffer.push(sender.found.item);
      return { value: held, ok: true };
    }
    if (sender !== undefined) return { value: sender.found.item, ok: true };
    return target.closed ? { value: null, ok: false } : null;
  };
  const close = (channelIndex: number): string => {
    if (at(channelIndex).closed) return 'INVALID';
    at(channelIndex).closed = true;
    for (let r = find(channelIndex, false); r !== undefined; r = find(channelIndex, false)) {
      wake(r.entry, channelIndex, null, false);
    }
    for (let s = find(channelIndex, true); s !== undefined; s = find(channelIndex, true)) {
      refuse(s.entry);
    }
    return 'closed';
  };
  const casesOf = (step: Exclude<Op, { op: 'close' }>): readonly Case[] => {
    if (step.op === 'select') return step.cases;
    const sends = step.op === 'send';
    return [{ channel: step.channel, sends, item: step.op === 'send' ? step.item : 0 }];
  };
  /** The outcome of a step; `null` when its task has to wait. */
  const perform = (task: number, step: Op): string | null => {
    if (step.op === 'close') return close(step.channel);
    const cases = casesOf(step);
    for (const c of cases) {
      const done = attempt(c);
      if (done === 'INVALID') return done;
      if (done === null) continue;
      const { value, ok } = done;
      return step.op === 'select' ? `${c.channel} ${value} ${ok}` : `${value} ${ok}`;
    }
    if (step.op === 'select' && step.orElse) return '-1 null false';
    waiting.push({ task, op: step.op, cases });
    return null;
  };

  for (let turn = ready.shift(); turn !== undefined; turn = ready.shift()) {
    const { task } = turn;
    if (turn.outcome !== null) trace.push(`${task} ${turn.outcome}`);
    const steps = tasks[task] as readonly Op[];
    for (;;) {
      const step = steps[position[task] as number];
      if (step === undefined) break;
      position[task] = (position[task] as number) + 1;
      const outcome = perform(task, step);
      if (outcome === null) break;
      trace.push(`${task} ${outcome}`);
    }
  }
  channels.forEach((c, i) => {
    const awaited = waiting.some((entry) => entry.cases.some(({ channel }) => channel === i));
    trace.push(`left ${c.buffer.length} ${awaited}`);
  });
  return trace;
}

describe('channels', () => {
  it('do in every random program what the model does', () => {
    fc.assert(
      fc.property(plan, (p) => {
        const real = onKernel(p).join('\n');
        const model = onModel(p).join('\n');
        if (real !== model) throw new Error(`kernel:\n${real}\n\nmodel:\n${model}`);
      }),
      { numRuns: 2000 },
    );
  });
});
