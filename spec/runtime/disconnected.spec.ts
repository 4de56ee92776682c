import { describe, expect, it } from '@jest/globals';
import { PerdureError } from '../../src/core/errors.js';
import { ACCEPTED, type Signal } from '../../src/core/signal.js';
import type { Host } from '../../src/runtime/host.js';
import { Node } from '../../src/runtime/node.js';
import { SystemClock } from '../../src/runtime/system-clock.js';

const WORKFLOW = '{app:worker|w}';
const LINKED = '{n1@app:processes|1}';
const WATCHED = '{n1@app:processes|2}';
const WATCHER = '{n1@app:processes|3}';

describe('a node that has lost touch with a workflow', () => {
  it('tells those that are linked to it, forgets what it monitored, and goes on watching it', async () => {
    const node = new Node({ name: 'n1', clock: new SystemClock() });
    const told: { pid: string; signal: Signal }[] = [];
    const host = (id: string) =>
      ({
        id,
        deliver: (pid: string, signal: Signal) => {
          told.push({ pid, signal });
          return ACCEPTED;
        },
      }) as unknown as Host;
    node.addHost(host('app:processes'));
    node.addHost(host('app:worker'));
    await node.link(LINKED, WORKFLOW);
    await node.monitor(WORKFLOW, WATCHED);
    await node.monitor(WATCHER, WORKFLOW);
    told.length = 0;

    const error = new PerdureError('UNAVAILABLE', 'out of touch');
    node.disconnected(WORKFLOW, error);
    const result = { value: null, error };
    expect(told).toEqual([{ pid: LINKED, signal: { kind: 'link_down', from: WORKFLOW, result } }]);
    expect(node.topology.linksOf(LINKED)).toEqual([]);
    expect(node.topology.monitorsOf(WORKFLOW)).toEqual([]);
    expect(node.topology.monitorsOf(WATCHER)).toEqual([WORKFLOW]);
  });
});
