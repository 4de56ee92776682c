/** Leases as their node sees them: what it does when the server knows one no longer, or nobody wants it. */
import { describe, expect, it } from '@jest/globals';
import type { Info } from '@temporalio/activity';
import { LastingActivities } from '../../../src/hosts/temporal/lasting.js';

const PID = '{app:worker|w}';

const GONE = Object.assign(new Error('gone'), { code: 5, details: 'gone', metadata: {} });

/** A node with one lease, whose heartbeats are answered so; it says what it did in `did`. */
function leased(beat: () => Promise<object>, present: { runId: string; status: number }) {
  const did: string[] = [];
  let tell = (): void => {};
  const first = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const note = (what: string) => {
    did.push(what);
    tell();
  };
  const workflowService = {
    recordActivityTaskHeartbeat: beat,
    respondActivityTaskCanceled: async () => note('answered: canceled'),
    respondActivityTaskFailed: async () => note('answered: failed'),
  };
  const { runId, status } = present;
  const lasting = new LastingActivities({
    client: { namespace: 'default', connection: { workflowService } } as never,
    identity: 'spec',
    node: {
      name: 'n1',
      isWatched: () => true,
      isWatching: () => true,
      disconnected: (pid: string, { kind }: { kind: string }) => note(`lost ${pid}: ${kind}`),
    } as never,
    calls: {
      describe: async () => ({ workflowExecutionInfo: { status, execution: { runId } } }),
    } as never,
    watcher: {} as never,
    watchEnd: (pid) => note(`watches ${pid}`),
  });
  const info = {
    taskToken: new Uint8Array(1),
    heartbeatTimeoutMs: 15,
    workflowExecution: { workflowId: 'w', runId: 'first' },
  } as unknown as Info;
  const open = (node: string) => () => lasting.lease(info, { pid: PID, node });
  return { did, first, open, lasting };
}

const RUNNING = 1;
const COMPLETED = 2;
const gone = () => Promise.reject(GONE);

describe('a lease', () => {
  it('that ran out while its workflow runs on: each takes the other for lost', async () => {
    const { did, first, open } = leased(gone, { runId: 'first', status: RUNNING });
    expect(open('n1')).toThrow();
    await first;
    expect(did).toEqual([`lost ${PID}: UNAVAILABLE`]);
  });

  it.each([
    ['has ended', { runId: 'first', status: COMPLETED }],
    ['goes on as another run', { runId: 'second', status: RUNNING }],
  ])('whose workflow %s: its end is what matters', async (_what, present) => {
    const { did, first, open } = leased(gone, present);
    expect(open('n1')).toThrow();
    await first;
    expect(did).toEqual([`watches ${PID}`]);
  });

  it('that nobody wants any more is given back', async () => {
    const beat = async () => ({ cancelRequested: true });
    const { did, first, open } = leased(beat, { runId: 'first', status: RUNNING });
    expect(open('n1')).toThrow();
    await first;
    expect(did).toEqual(['answered: canceled']);
  });

  it('of a node that stops ends at once', async () => {
    const { did, open, lasting } = leased(async () => ({}), { runId: 'first', status: RUNNING });
    expect(open('n1')).toThrow();
    await lasting.close(1000);
    expect(did).toEqual(['answered: failed']);
  });

  it('that was meant for another node, or an earlier start of this one, is refused', () => {
    const { open } = leased(async () => ({}), { runId: 'first', status: RUNNING });
    expect(open('n0')).toThrow('node n0 is gone');
  });
});
