/** Rule 2 of docs/semantics.md, from a workflow: a message without a reader is an event, never silence. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Pid } from '../../../src/core/pid.js';
import type { NodeEvent } from '../../../src/runtime/events.js';
import { LOCAL, type RelationsWorld, relationsWorld } from '../../support/relations-world.js';
import { WORKER } from '../../support/temporal-world.js';

type Undeliverable = Extract<NodeEvent, { kind: 'undeliverable' }>;

const programs = {
  /** Sends one message, and goes on at once. */
  sends: 'return function(to) return (process.send(to, "news", 1)) end',
  nothing: 'return function() end',
};

let world: RelationsWorld;
/** Waits for a node longer than a run waits for its end. */
let patient: RelationsWorld;
beforeAll(async () => {
  world = await relationsWorld({ programs, heartbeatMs: 250 });
  patient = await relationsWorld({ programs });
});
afterAll(() => Promise.all([world.close(), patient.close()]));

/** The event for a message of `from`, when it is there. */
function undeliverable(from: Pid, { events, node } = world): Promise<Undeliverable> {
  const isIt = (event: NodeEvent): event is Undeliverable =>
    event.kind === 'undeliverable' && event.from === from;
  const known = events.find(isIt);
  if (known !== undefined) return Promise.resolve(known);
  return new Promise((resolve) => {
    const stop = node.events.subscribe((event) => {
      if (!isIt(event)) return;
      stop();
      resolve(event);
    });
  });
}

describe('a message of a workflow that nobody will read', () => {
  it('to a process that has ended is an event of its node', async () => {
    const gone = await world.spawn(LOCAL, 'nothing');
    await world.exitOf(gone);
    const pid = await world.spawn(WORKER, 'sends', gone);
    expect((await world.exitOf(pid)).value).toBe(true);
    const { to, topic, error } = await undeliverable(pid);
    expect({ to, topic, kind: error.kind }).toEqual({ to: gone, topic: 'news', kind: 'NOT_FOUND' });
  });

  it('to a node that is gone is an event of a node that runs the workflow, and a line of its log', async () => {
    const gone = `{gone-1@${LOCAL}|1}`;
    const pid = await world.spawn(WORKER, 'sends', gone);
    expect((await world.exitOf(pid)).value).toBe(true);
    const { to, topic, error } = await undeliverable(pid);
    expect({ to, topic, kind: error.kind }).toEqual({
      to: gone,
      topic: 'news',
      kind: 'UNAVAILABLE',
    });
    const lines = world.events.filter((event) => event.kind === 'log' && event.pid === pid);
    expect(lines).toMatchObject([{ level: 'warn', message: expect.stringMatching(/gone-1/) }]);
  }, 60_000);

  it('is one too where the workflow ends before that is known', async () => {
    const pid = await patient.spawn(WORKER, 'sends', `{gone-1@${LOCAL}|1}`);
    const { error } = await undeliverable(pid, patient);
    expect(error).toMatchObject({ kind: 'UNAVAILABLE', message: expect.stringMatching(/ended/) });
  }, 60_000);
});
