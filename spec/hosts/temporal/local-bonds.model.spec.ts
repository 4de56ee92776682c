/**
 * Monitors and links between a workflow and a process of a node, when what they ask for and are told crosses
 * on the way: the workflow's half, the node, and two slow lines between them.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nodePort } from '../../../src/app/node-port.js';
import { PerdureError } from '../../../src/core/errors.js';
import { ACCEPTED, type Delivery, type Signal } from '../../../src/core/signal.js';
import { PeerInbox } from '../../../src/hosts/temporal/peer-inbox.js';
import { LocalBonds } from '../../../src/hosts/temporal/workflow/local-bonds.js';
import type { Notice, PeerBatch, RelationOp } from '../../../src/hosts/temporal/workflow/wire.js';
import type { Host } from '../../../src/runtime/host.js';
import { Node } from '../../../src/runtime/node.js';
import { SystemClock } from '../../../src/runtime/system-clock.js';

const WORKFLOW = '{app:worker|w}';
const PROCESS = '{n1@app:processes|1}';
const SENDER = `${WORKFLOW}/run`;

type Items = PeerBatch['items'][number];

class Pair {
  readonly toNode: Items[] = [];
  readonly toWorkflow: Notice[] = [];
  readonly heard: Signal['kind'][] = [];
  readonly leases = new Set<string>();
  readonly node = new Node({ name: 'n1', clock: new SystemClock() });
  readonly bonds: LocalBonds;
  private readonly inbox = new PeerInbox(nodePort(this.node, () => {}));
  private seq = 0;
  alive = true;

  constructor() {
    this.node.addHost(this.host('app:processes', () => this.ofProcess()));
    this.node.addHost(this.host('app:worker', (signal) => this.ofWorkflow(signal)));
    this.bonds = new LocalBonds({
      self: WORKFLOW,
      peers: {
        sender: SENDER,
        send: (_node: string, to: string, signal: Items['signal']) => {
          this.toNode.push({ seq: ++this.seq, to, signal });
          return this.seq;
        },
      } as never,
      leases: {
        hold: (node: string) => void this.leases.add(node),
        release: (node: string) => void this.leases.delete(node),
      } as never,
      deliver: ({ kind }) => void this.heard.push(kind),
    });
  }

  async step(what: Step): Promise<void> {
    switch (what) {
      case 'item': {
        const item = this.toNode.shift();
        if (item) await this.inbox.deliver({ sender: SENDER, items: [item] }, () => {});
        break;
      }
      case 'notice': {
        const notice = this.toWorkflow.shift();
        if (notice) this.bonds.receive(notice);
        break;
      }
      case 'fails':
      case 'ends':
        if (!this.alive) break;
        this.alive = false;
        this.node.exited(PROCESS, {
          value: null,
          error: what === 'fails' ? new PerdureError('CONFLICT', 'told to fail') : null,
        });
        break;
      case 'its link':
        if (this.alive) await this.node.link(PROCESS, WORKFLOW);
        break;
      case 'its unlink':
        if (this.alive) await this.node.unlink(PROCESS, WORKFLOW);
        break;
      default:
        this.bonds.relate(what, PROCESS);
    }
  }

  async settle(): Promise<void> {
    while (this.toNode.length > 0 || this.toWorkflow.length > 0) {
      await this.step('item');
      await this.step('notice');
    }
  }

  private ofProcess(): Delivery {
    if (this.alive) return ACCEPTED;
    return { accepted: false, error: new PerdureError('NOT_FOUND', 'process not found') };
  }

  private ofWorkflow(signal: Signal): Delivery {
    const seen = this.inbox.seenOf(WORKFLOW);
    if (signal.kind === 'exit' || signal.kind === 'link_down') {
      const { kind, from, result } = signal;
      const error = result.error?.toData() ?? null;
      this.toWorkflow.push({ kind, note: { from, value: result.value, error, seen } });
    } else if (signal.kind === 'link' || signal.kind === 'unlink') {
      const { kind, from } = signal;
      this.toWorkflow.push({ kind, note: { from, ids: [], seen } });
    }
    return ACCEPTED;
  }

  private host(id: string, deliver: (signal: Signal) => Delivery): Host {
    return {
      id,
      deliver: (_pid: string, signal: Signal) => deliver(signal),
      describe: () => undefined,
      list: () => [],
      start: async () => {},
      stop: async () => {},
    } as unknown as Host;
  }
}

const STEPS = ['item', 'notice', 'its link', 'its unlink', 'fails', 'ends'] as const;
type Step = (typeof STEPS)[number] | RelationOp;

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Step>('item', 'notice') },
  { weight: 4, arbitrary: fc.constantFrom<Step>('monitor', 'unmonitor', 'link', 'unlink') },
  { weight: 3, arbitrary: fc.constantFrom<Step>('its link', 'its unlink') },
  { weight: 1, arbitrary: fc.constantFrom<Step>('fails', 'ends') },
);

describe('a workflow and a process of a node', () => {
  it('come to know the same monitor and link, whatever crosses on the way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const pair = new Pair();
        for (const each of steps) await pair.step(each);
        await pair.settle();
        const [bond] = pair.bonds.snapshot();
        const { topology } = pair.node;
        expect(bond?.linked ?? false).toBe(topology.linksOf(WORKFLOW).length > 0);
        expect(bond?.monitored ?? false).toBe(topology.monitorsOf(WORKFLOW).length > 0);
        expect(pair.leases.has('n1')).toBe(bond !== undefined);
        if (!pair.alive) expect(bond).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('give one EXIT a monitor and at most one LINK_DOWN a link', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const pair = new Pair();
        let monitors = 0;
        for (const each of steps) {
          const [before] = pair.bonds.snapshot();
          if (each === 'monitor' && before?.monitored !== true) monitors++;
          await pair.step(each);
        }
        const taken = steps.filter((each) => each === 'unmonitor').length;
        await pair.step('fails');
        await pair.settle();
        const exits = pair.heard.filter((kind) => kind === 'exit').length;
        expect(exits).toBeLessThanOrEqual(monitors);
        if (taken === 0) expect(exits).toBe(monitors);
        const links = steps.filter((each) => each === 'link' || each === 'its link').length;
        expect(pair.heard.filter((k) => k === 'link_down').length).toBeLessThanOrEqual(links);
      }),
      { numRuns: 300 },
    );
  });
});
