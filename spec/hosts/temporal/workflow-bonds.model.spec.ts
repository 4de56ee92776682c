/** Links between two workflows that make and remove them at the same time, each by its own slow line. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PerdureError } from '../../../src/core/errors.js';
import type { Signal } from '../../../src/core/signal.js';
import type { LinkOrder } from '../../../src/hosts/temporal/workflow/wire.js';
import { OwnSignal } from '../../../src/hosts/temporal/workflow/wire.js';
import { WorkflowBonds } from '../../../src/hosts/temporal/workflow/workflow-bonds.js';

type Link = Pick<LinkOrder['note'], 'from' | 'ids' | 'seen'>;

/** A workflow, the commands that its server has yet to carry out, and the history that it has yet to read. */
class Side {
  readonly commands: (() => void)[] = [];
  readonly history: (() => void)[] = [];
  readonly heard: Signal['kind'][] = [];
  readonly watches = new Set<(result: { value: null; error: PerdureError | null }) => void>();
  readonly bonds: WorkflowBonds;
  other!: Side;
  alive = true;

  constructor(
    readonly pid: string,
    readonly otherPid: string,
  ) {
    const children = {
      has: () => false,
      isMonitored: () => false,
      pids: () => [],
      endOf: () => undefined,
      monitor: () => {},
      link: () => {},
    };
    this.bonds = new WorkflowBonds({
      self: pid,
      runId: `run of ${pid}`,
      children: children as never,
      activities: {
        own: (_type: string, { note }: { note: Link }) => this.tell('link', note, 'run'),
      } as never,
      signals: {
        toWorkflow: (_id: string, name: string, args: { payload: { data: Uint8Array } }[]) => {
          const note = JSON.parse(Buffer.from(args[0]?.payload.data ?? []).toString()) as Link;
          return this.tell(name === OwnSignal.LINK ? 'link' : 'unlink', note, true);
        },
      } as never,
      outstanding: { add: (work: unknown) => work } as never,
      watches: {
        open: (_id: string, _run: string | null, onEnd: never) => {
          this.watches.add(onEnd);
          return { cancel: () => void this.watches.delete(onEnd) };
        },
      } as never,
      deliver: ({ kind }) => void this.heard.push(kind),
    });
  }

  /** A command: done when the server gets to it, answered when this side reads so. */
  private tell<T>(kind: 'link' | 'unlink', note: Link, answer: T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.commands.push(() => {
        const { other } = this;
        if (!other.alive) {
          const error = new PerdureError('NOT_FOUND', 'process not found');
          this.history.push(() => reject(error));
          return;
        }
        other.history.push(() => other.bonds.receive(kind, note));
        this.history.push(() => resolve(answer));
      });
    });
  }

  /** It fails: whoever watches it reads so later. */
  fail(): void {
    if (!this.alive) return;
    this.alive = false;
    const { other } = this;
    other.history.push(() => {
      const error = new PerdureError('CONFLICT', 'told to fail');
      for (const onEnd of [...other.watches]) onEnd({ value: null, error });
    });
  }

  links(): readonly string[] {
    return [...(this.bonds.snapshot()[0]?.links ?? [])].sort();
  }
}

type Step = readonly [side: 0 | 1, what: 'link' | 'unlink' | 'command' | 'last command' | 'read'];

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function play(steps: readonly Step[]): Promise<readonly [Side, Side]> {
  const sides = [
    new Side('{app:worker|a}', '{app:worker|b}'),
    new Side('{app:worker|b}', '{app:worker|a}'),
  ] as const;
  sides[0].other = sides[1];
  sides[1].other = sides[0];
  for (const [which, what] of steps) {
    const side = sides[which];
    if (what === 'command') side.commands.shift()?.();
    // The server carries them out in any order.
    else if (what === 'last command') side.commands.pop()?.();
    else if (what === 'read') side.history.shift()?.();
    else if (side.alive) void side.bonds[what](side.otherPid);
    await turn();
  }
  while (sides.some(({ commands, history }) => commands.length + history.length > 0)) {
    for (const side of sides) {
      side.commands.shift()?.();
      side.history.shift()?.();
    }
    await turn();
  }
  return sides;
}

const which = fc.constantFrom<0 | 1>(0, 1);
const moves = fc.constantFrom<Step[1]>('link', 'unlink', 'command', 'read', 'last command', 'read');

describe('two workflows', () => {
  it('come to know the same links, whatever crosses on the way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(which, moves), { maxLength: 40 }), async (steps) => {
        const [a, b] = await play(steps);
        expect(a.links()).toEqual(b.links());
        expect(a.watches.size).toBe(a.links().length > 0 ? 1 : 0);
        expect(b.watches.size).toBe(b.links().length > 0 ? 1 : 0);
        expect([...a.heard, ...b.heard]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('that both linked know of one failure, and a link that was removed tells nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(which, moves), { maxLength: 30 }), async (steps) => {
        const [a, b] = await play(steps);
        const linked = a.links().length > 0;
        b.fail();
        a.history.shift()?.();
        await turn();
        expect(a.heard).toEqual(linked ? ['link_down'] : []);
        expect(a.links()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
