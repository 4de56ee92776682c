/** Random programs over 50 processes do on a local host what the model of the rules says. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProcessModel, type Step, type Turn } from '../../support/process-model.js';
import { Puppets } from '../../support/puppets.js';

const PROCESSES = 50;
const STARTED = 40;
const NAMES = 4;
const RUNS = Math.max(1000, Number(process.env.PERDURE_PROPERTY_RUNS ?? 0));

const target = fc.nat(STARTED - 1);
const onTarget = (...ops: ('send' | 'link' | 'unlink' | 'monitor' | 'unmonitor' | 'terminate')[]) =>
  fc.record({ op: fc.constantFrom(...ops), target });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: onTarget('send') },
  { weight: 8, arbitrary: onTarget('link', 'monitor', 'unlink', 'unmonitor') },
  { weight: 2, arbitrary: onTarget('terminate') },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('trap' as const), on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('spawn' as const),
      monitor: fc.boolean(),
      link: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom('register' as const, 'sendTo' as const),
      name: fc.nat(NAMES - 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('return' as const, 'fail' as const) }) },
);

const wave: fc.Arbitrary<Turn[]> = fc.uniqueArray(
  fc.record({ actor: target, steps: fc.array(step, { minLength: 1, maxLength: 8 }) }),
  { minLength: 1, maxLength: 8, selector: ({ actor }) => actor },
);

describe('50 processes on a local host', () => {
  it('answer, read and end as the model of the rules says, whatever they do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(wave, { minLength: 1, maxLength: 8 }), async (waves) => {
        const model = new ProcessModel(STARTED, PROCESSES);
        const puppets = new Puppets(STARTED, PROCESSES);
        await puppets.settled();
        for (const turns of waves) {
          model.wave(turns);
          await puppets.wave(turns);
          compare(puppets, model);
        }
      }),
      { numRuns: RUNS },
    );
  }, 120_000);
});

/** What a process that has ended had still read of its last wave is not promised; the rest is. */
function compare(puppets: Puppets, model: ProcessModel): void {
  const { topology } = puppets.local.node;
  const numbers = (pids: readonly string[]) => sorted(pids.map((pid) => puppets.number(pid)));
  const seen = puppets.processes.map(({ pid, answers, messages, events, end }) => ({
    answers,
    end,
    read: end === null ? { messages, events } : null,
    links: numbers(topology.linksOf(pid)),
    watches: numbers(topology.monitorsOf(pid)),
  }));
  const expected = model.processes.map(({ answers, messages, events, end, links, watches }) => ({
    answers,
    end,
    read: end === null ? { messages, events } : null,
    links: sorted(links),
    watches: sorted(watches),
  }));
  expect(seen).toEqual(expected);
}

function sorted(numbers: Iterable<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}
