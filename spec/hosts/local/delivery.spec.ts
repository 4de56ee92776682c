/** A million sends over 100 random pairs, and 10,000 races of monitor, unmonitor and exit. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Message } from '../../../src/core/message.js';
import type { Value } from '../../../src/core/payload.js';
import { type Main, nextMessage } from '../../support/generator-program.js';
import { localNode } from '../../support/local-node.js';

const SENDS = 1_000_000;
const PAIRS = 100;
const PROCESSES = 40;
const ROUNDS = SENDS / PAIRS;
/** Sends of a process between two waits. */
const BURST = 50;
const RACES = 10_000;
/** Races on one node at the same time. */
const AT_ONCE = 50;

describe('sends on a local host', () => {
  it('arrive in order for each pair, none lost, none twice: 1,000,000 over 100 random pairs', async () => {
    const process = fc.nat(PROCESSES - 1);
    const pair = fc.record({ from: process, to: process });
    await fc.assert(
      fc.asyncProperty(fc.array(pair, { minLength: PAIRS, maxLength: PAIRS }), deliverAll),
      { numRuns: 1, endOnFailure: true },
    );
  });
});

/** @throws where a message came out of turn, or did not come. */
async function deliverAll(pairs: readonly { from: number; to: number }[]): Promise<void> {
  const last = new Array<number>(PAIRS).fill(0);
  const wrong: string[] = [];
  const peer: Main = function* (kernel, me, pids) {
    const targets = pairs.flatMap(({ from, to }, pair) =>
      from === me ? [{ pair, pid: String((pids as Value[])[to]) }] : [],
    );
    const { pid } = kernel;
    yield { op: 'send', target: pid, topic: 'go', values: [] };
    let sent = 0;
    for (;;) {
      const { topic, values } = yield* nextMessage(kernel);
      if (topic === 'go') {
        for (const until = Math.min(sent + BURST, ROUNDS); sent < until; ) {
          sent++;
          for (const { pair, pid: target } of targets) {
            yield { op: 'send', target, topic: 'n', values: [pair, sent] };
          }
        }
        if (sent < ROUNDS) yield { op: 'send', target: pid, topic: 'go', values: [] };
        continue;
      }
      const [pair, n] = values as [number, number];
      if (last[pair] !== n - 1 && wrong.length < 5)
        wrong.push(`pair ${pair}: ${n} after ${last[pair]}`);
      last[pair] = n;
    }
  };
  const starter: Main = function* (kernel) {
    const me = yield* nextMessage(kernel);
    return yield* peer(kernel, ...me.values);
  };
  // Nothing may be refused: the pairs that were drawn may all have the same target.
  const { spawn, node, quiet, host } = localNode(
    { 'app:peer': starter },
    { mailboxLimit: 2 * SENDS },
  );
  const pids = Array.from({ length: PROCESSES }, () => spawn('app:peer'));
  pids.forEach((to, me) => {
    void node.send(to, new Message(null, 'start', [me, pids], null));
  });
  await quiet();
  expect(wrong).toEqual([]);
  expect(last).toEqual(last.map(() => ROUNDS));
  expect(host.list()).toHaveLength(PROCESSES);
}

describe('monitors on a local host', () => {
  it('give one EXIT or, taken back in time, none: 10,000 races with the exit', async () => {
    const action = fc.constantFrom('monitor', 'unmonitor', 'end', 'let others run');
    const races = fc.array(fc.array(action, { minLength: 1, maxLength: 8 }), {
      minLength: AT_ONCE,
      maxLength: AT_ONCE,
    });
    await fc.assert(fc.asyncProperty(races, raceAll), {
      numRuns: RACES / AT_ONCE,
      endOnFailure: true,
    });
  });
});

/** What the rule says, over the same actions. */
function expectedExits(actions: readonly string[]): string[] {
  const exits: string[] = [];
  let state: 'alive' | 'ending' | 'dead' = 'alive';
  let watched = false;
  for (const action of [...actions, 'let others run']) {
    if (action === 'end' && state === 'alive') state = 'ending';
    if (action === 'unmonitor') watched = false;
    if (action === 'monitor' && state === 'dead') exits.push('NOT_FOUND');
    else if (action === 'monitor') watched = true;
    if (action === 'let others run' && state === 'ending') {
      state = 'dead';
      if (watched) exits.push('CANCELED');
      watched = false;
    }
  }
  return exits;
}

async function raceAll(races: readonly (readonly string[])[]): Promise<void> {
  const { spawn, exitOf } = localNode({
    'app:target': function* (kernel) {
      yield* nextMessage(kernel);
    },
    'app:watcher': function* (kernel, pid, race) {
      const target = String(pid);
      for (const action of races[Number(race)] ?? []) {
        if (action === 'let others run') yield { op: 'sleep', delayMs: 0 };
        else if (action === 'end') yield { op: 'terminate', pid: target, reason: null };
        else yield { op: action as 'monitor', pid: target };
      }
      yield { op: 'sleep', delayMs: 0 };
      const exits: Value[] = [];
      for (;;) {
        const answer = yield { op: 'receive', channel: kernel.mailbox.events, timeoutMs: 0 };
        if (!answer.ok) return exits;
        const event = answer.value as { from: string; result: { error: { kind: string } } };
        exits.push(event.from === target ? event.result.error.kind : `of ${event.from}`);
      }
    },
  });
  const ends = await Promise.all(
    races.map((_, race) => exitOf(spawn('app:watcher', spawn('app:target'), race))),
  );
  expect(ends).toEqual(races.map((actions) => ({ value: expectedExits(actions), error: null })));
}
