import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { temporalBinary } from '../support/servers.js';
import { differences } from './differential/compare.js';
import { isAt, KNOWN, knownPaths } from './differential/known.js';
import type { Outcome } from './differential/program.js';
import { record, recorded } from './differential/recorded.js';
import { runAll, type Titled, titled } from './differential/runs.js';
import { embeddedSide, type OpenSide, realSide, WORKFLOWS } from './differential/sides.js';
import { SUBJECTS } from './differential/subjects.js';
import { World } from './differential/world.js';
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

  /**
   * What Temporal's server does. On a busy machine it loses a task now and then, which shows as a timeout
   * that is not on record: then it is asked again, once everything else is done.
   */
  async function realOutcome({ title, program }: Titled, onRecord: Outcome): Promise<Outcome> {
    const [, there] = sides;
    if (real === undefined || there === undefined) return onRecord;
    const outcome = await real.get(title)?.catch(() => undefined);
    if (outcome !== undefined && differences(onRecord, outcome).length === 0) return outcome;
    await Promise.allSettled(real.values());
    return program.run(new World(there));
  }

  it.each(programs)('$title', async (one) => {
    const { title, subject, program } = one;
    const onRecord: Outcome = recorded(subject.name)[program.name] ?? {};
    const [mine, theirs] = await Promise.all([embedded.get(title), realOutcome(one, onRecord)]);
    const all = differences(mine, theirs);
    const known = knownPaths(title);
    expect(all.filter((each) => !known.some((path) => isAt(path, each)))).toEqual([]);
    // What is no longer true goes from the list.
    expect(known.filter((path) => !all.some((each) => isAt(path, each)))).toEqual([]);
    // `PERDURE_RECORD=1` records anew.
    expect(theirs).toEqual(onRecord);
  });

  it('every known difference is of a program that is there', () => {
    const titles = new Set(programs.map(({ title }) => title));
    const strays = KNOWN.flatMap(({ where }) => Object.keys(where)).filter(
      (each) => !titles.has(each),
    );
    expect(strays).toEqual([]);
  });

  it('docs/server.md lists the known differences', () => {
    const text = readFileSync(new URL('../../docs/server.md', import.meta.url), 'utf8');
    const [, list = ''] = /<!-- known differences[^>]*-->([\s\S]*?)<!-- end -->/.exec(text) ?? [];
    const documented = list.split('\n- ').map((line) => line.replace(/\s+/g, ' ').trim());
    const known = KNOWN.map(({ about, reason }) => `**${about}**: ${reason}.`);
    expect(documented.filter((line) => line !== '')).toEqual(known);
  });

  it('no two programs have the same title', () => {
    expect(new Set(programs.map(({ title }) => title)).size).toBe(programs.length);
  });
});
