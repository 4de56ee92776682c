import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { temporalBinary } from '../support/servers.js';
import { type Difference, differences } from './differential/compare.js';
import { isAbout, KNOWN, knownIn } from './differential/known.js';
import type { Outcome } from './differential/program.js';
import { record, recorded } from './differential/recorded.js';
import { runAll, titled } from './differential/runs.js';
import { embeddedSide, type OpenSide, realSide, WORKFLOWS } from './differential/sides.js';
import { SUBJECTS } from './differential/subjects.js';
import { installRuntime } from './support/harness.js';

jest.setTimeout(240_000);

/** Where the `temporal` command is, programs run on it; in CI its absence is a failure. */
const isLive = temporalBinary() !== null || process.env.CI !== undefined;
/** Writes down what the real server does now, for where there is none. */
const records = process.env.PERDURE_RECORD !== undefined;

const programs = titled(SUBJECTS);

describe('a client program does the same on the embedded server as on Temporal’s', () => {
  const sides: OpenSide[] = [];
  let embedded: ReturnType<typeof runAll>;
  let real: ReturnType<typeof runAll> | undefined;

  beforeAll(async () => {
    installRuntime();
    const logger = new DefaultLogger('ERROR');
    const bundle = await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger });
    const here = await embeddedSide(bundle);
    sides.push(here);
    embedded = runAll(here, programs);
    if (!isLive && !records) return;
    const there = await realSide(bundle);
    sides.push(there);
    real = runAll(there, programs);
    if (records) await record(SUBJECTS, (title) => real?.get(title));
  });

  afterAll(() => Promise.all(sides.map((side) => side.close())));

  /** What a difference should not be: an entry of the list of known ones. */
  function unknown(title: string, all: readonly Difference[]): Difference[] {
    const known = knownIn(title);
    return all.filter((difference) => !known.some((entry) => isAbout(entry, difference)));
  }

  it.each(programs)('$title', async ({ title, subject, program }) => {
    const onRecord: Outcome = recorded(subject.name)[program.name] ?? {};
    const [mine, theirs] = await Promise.all([embedded.get(title), real?.get(title) ?? onRecord]);
    const all = differences(mine, theirs);
    expect(unknown(title, all)).toEqual([]);
    // An entry that is no longer true goes.
    expect(knownIn(title).filter((entry) => !all.some((each) => isAbout(entry, each)))).toEqual([]);
    // `PERDURE_RECORD=1` records anew.
    expect(theirs).toEqual(onRecord);
  });

  it('every known difference is of a program that is there', () => {
    const titles = new Set(programs.map(({ title }) => title));
    const strays = KNOWN.flatMap((entry) => entry.programs).filter((each) => !titles.has(each));
    expect(strays).toEqual([]);
  });

  it('no two programs have the same title', () => {
    expect(new Set(programs.map(({ title }) => title)).size).toBe(programs.length);
  });
});
