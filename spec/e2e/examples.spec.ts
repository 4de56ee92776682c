import { describe, expect, it } from '@jest/globals';
import { startApp } from '../../src/app.js';
import { perdure, type RunningCli, runNode, startPerdure } from '../support/cli.js';
import { EMBEDDED } from '../support/servers.js';

describe('examples/01-hello', () => {
  it('greets everybody, reads the EXIT of the greeter, and prints what that returned', async () => {
    const { code, stdout } = await perdure(['run', 'examples/01-hello', '-x', 'app:hello']);
    expect(stdout).toMatch(/^Hello, Joe!\nHello, Robert!\nHello, Mike!\n/);
    expect(JSON.parse(stdout.slice(stdout.indexOf('{')))).toEqual({ greeted: 3 });
    expect(code).toBe(0);
  });

  it('greets those whom --input names', async () => {
    const names = ['--input', '"Ada"', '--input', '"Grace"'];
    const args = ['run', 'examples/01-hello', '-x', 'app:hello', '--json', ...names];
    const { code, stdout, stderr } = await perdure(args);
    expect(stderr).toContain('Hello, Ada!\nHello, Grace!\n');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, value: { greeted: 2 } });
    expect(code).toBe(0);
  });
});

describe('examples/02-orders', () => {
  it('completes, rejects and refunds orders, across a crash of the desk', async () => {
    const tour = ['run', 'examples/02-orders', '--skip-time', '-x', 'app:tour', '--json'];
    const { code, stdout, stderr } = await perdure(tour);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      value: {
        '1001': { status: 'completed', payment_id: 'pay-1001', tracking: 'parcel-1001' },
        '1002': { status: 'rejected', reason: expect.stringContaining('at least one item') },
        '1003': { status: 'refunded', reason: expect.stringContaining('address not found') },
        '1004': { status: 'completed', payment_id: 'pay-1004', tracking: 'parcel-1004' },
      },
    });
    expect(code).toBe(0);
    const said = (text: string): number => stderr.split(text).length - 1;
    expect(said('the desk is open')).toBe(2);
    expect(said('charged ada 40')).toBe(1); // asked for twice, once before the crash: one order
    expect(said('refunded pay-1003')).toBe(1);
  }, 60_000);

  it('lets somebody cancel what waits for approval, and keeps waiting through other messages', async () => {
    const app = await startApp({ dir: 'examples/02-orders', skipTime: true });
    try {
      const piano = { id: '7', customer_id: 'eve', items: ['piano'], total: 2000 };
      const { pid, exit } = await app.runtime.spawn('app:approval_workflow', { args: [piano] });
      await app.runtime.send(pid, 'hurry', 'please');
      await app.runtime.send(pid, 'cancel', { reason: 'it does not fit through the door' });
      expect(await exit).toEqual({
        value: { status: 'cancelled', reason: 'it does not fit through the door' },
        error: null,
      });
    } finally {
      await app.stop();
    }
  }, 60_000);

  it('is told by npm start, step by step and as a tree of processes', async () => {
    const { code, stdout } = await runNode(['scripts/start.js']);
    expect(stdout).toMatch(/\+\d+s +order-1001 +paid; one hour/);
    expect(stdout).toMatch(/\+1h0m\d+s +order_desk +order 1001 has ended: completed/);
    expect(stdout).toMatch(/^✗ app:order_desk .*malformed JSON/m);
    expect(stdout).toMatch(/^├─ ✓ app:order_workflow .*order-1003.*refunded/m);
    expect(stdout).toMatch(/^2 orders completed, of 4\.$/m);
    expect(code).toBe(0);
  }, 60_000);
});

describe('examples/03-worker-pool', () => {
  it('replaces the workers that one job takes down, gives that job up, and does all others', async () => {
    const tour = ['run', 'examples/03-worker-pool', '-x', 'app:tour', '--json'];
    const { code, stdout, stderr } = await perdure(tour);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      value: { squares: [1, 4, 9, 16, 25], given_up: ['seven'], restarts: 2 },
    });
    expect(stderr).toMatch(/app:workers: child worker-\d failed: .*worker\.lua.*restart 1 of 5/);
    expect(code).toBe(0);
  });

  it('starts the workers anew with the dispatcher, and leaves it alone when they go', async () => {
    const app = await startApp({ dir: 'examples/03-worker-pool', print: () => {} });
    try {
      const pids = () => ({
        dispatcher: app.runtime.supervisor('app:office').children()[0]?.pid,
        workers: app.runtime
          .supervisor('workers')
          .children()
          .map(({ pid }) => pid),
      });
      const before = pids();
      const restarted = new Promise((resolve) => {
        app.runtime.on(
          (event) => event.kind === 'spawned' && event.entry === 'app:worker' && resolve(0),
        );
      });
      await app.runtime.terminate(String(before.dispatcher));
      await restarted;
      const after = pids();
      expect(after.dispatcher).not.toBe(before.dispatcher);
      expect(after.workers.filter((pid) => before.workers.includes(pid))).toEqual([]);
    } finally {
      expect(await app.stop()).toEqual([]);
    }
  });
});

describe('examples/04-chat-room', () => {
  it('goes on when a guest falls over, and when the room does', async () => {
    const { code, stdout } = await perdure([
      'run',
      'examples/04-chat-room',
      '-x',
      'app:evening',
      '--json',
    ]);
    const { value } = JSON.parse(stdout) as { value: string[] };
    expect(value.slice(0, 8)).toEqual([
      '* ada is here',
      'ada: who is there?',
      '* bob is here',
      '* eve is here',
      'ada: hello bob',
      'bob: hello',
      'ada: dance, eve',
      '* eve fell over',
    ]);
    expect(new Set(value.slice(8, 10))).toEqual(new Set(['* ada is here', '* bob is here']));
    expect(value.slice(10)).toEqual(['ada: go, bob', '* bob has left']);
    expect(code).toBe(0);
  });
});

describe('examples/05-ring', () => {
  it('sends a token around 10,000 processes, and all of them fall with one', async () => {
    const { code, stdout } = await perdure(['run', 'examples/05-ring', '-x', 'app:ring']);
    expect(stdout).toContain('round 3: 10000 hops\nthe ring fell: broken on purpose\n');
    expect(code).toBe(0);
  });
});

describe('examples/06-typescript-and-lua', () => {
  it('counts words in JavaScript for a process in Lua', async () => {
    const args = ['run', 'examples/06-typescript-and-lua', '-x', 'app:reader'];
    const { code, stdout } = await perdure(args);
    expect(stdout).toContain('to: 2, is: 2\nthe counter ended and returned 11\n');
    expect(code).toBe(0);
  });
});

/** Runs the tour of an example of workflows. */
async function tour(example: string) {
  const args = ['run', `examples/${example}`, '--skip-time', '-x', 'app:tour', '--json'];
  const { code, stdout } = await perdure(args);
  expect(code).toBe(0);
  return JSON.parse(stdout) as { ok: boolean; value: unknown };
}

describe('examples/07-counter', () => {
  it('answers every request, and refuses what it must', async () => {
    expect((await tour('07-counter')).value).toEqual({ value: 40, acks: 3, naks: 2 });
  }, 60_000);
});

describe('examples/08-trip', () => {
  it('books everything, or gives back what it has, the last one first', async () => {
    const { value } = await tour('08-trip');
    expect(value).toMatchObject({
      ada: { status: 'booked', bookings: [{ number: 'train-ada' }, { number: 'hotel-ada' }] },
      eve: { status: 'given up', reason: 'no balloon to be had', given_back: 2 },
    });
  }, 60_000);
});

describe('examples/09-job-queue', () => {
  it('does all jobs, three at a time, and says which failed', async () => {
    const { value } = await tour('09-job-queue');
    expect(value).toEqual({ jobs: 10, failed: ['picture 7'], most_at_once: 3 });
  }, 60_000);
});

describe('examples/10-weather', () => {
  it('puts up a new thermometer, and its durable record has heard why', async () => {
    const { value } = await tour('10-weather');
    expect(value).toMatchObject({ lost: { roof: { INTERNAL: 1 } } });
  }, 60_000);

  it('goes on after kill -9, and hears that the first sensors are gone', async () => {
    const server = await EMBEDDED.start();
    const run = () => startPerdure(['run', 'examples/10-weather', '--address', server.address]);
    const runs = [run()];
    const kill = async (running: RunningCli) => {
      running.process.kill('SIGKILL');
      await running.ended;
    };
    try {
      const [first] = runs as [RunningCli];
      await first.waitFor(/cellar is there/);
      await kill(first);
      const second = run();
      runs.push(second);
      await second.waitFor(/cellar is lost: UNAVAILABLE/);
      const said = await second.waitFor(/roof is lost: UNAVAILABLE/);
      expect(said).toMatch(/cellar is there/);
    } finally {
      await Promise.all(runs.map(kill));
      await server.stop();
    }
  }, 90_000);
});

describe('examples/11-temporal-only', () => {
  it('tests a program of Temporal’s SDK on the embedded server, a month in a moment', async () => {
    const spec = 'examples/11-temporal-only/trial.spec.js';
    const { code, stdout } = await runNode(['--test', '--test-reporter=tap', spec]);
    expect(stdout).toMatch(/^ok 1 - a trial that nobody cancels reminds after 23 days/m);
    expect(stdout).toMatch(/^# pass 2$/m);
    expect(code).toBe(0);
  }, 60_000);
});
