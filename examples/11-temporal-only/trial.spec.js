import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { startTemporalServer } from 'perdure/temporal-server';

const DAY_MS = 24 * 3_600_000;

Runtime.install({ logger: new DefaultLogger('WARN') });

let server, connection, native, worker, running, client;
/** What the activities did: on which day, and what. */
let happened;
let startedMs;
const onDay = (what) =>
  happened.push([Math.floor((server.clock.now() - startedMs) / DAY_MS), what]);

before(async () => {
  server = await startTemporalServer({ port: 0, timeSkipping: true });
  connection = await Connection.connect({ address: server.address });
  native = await NativeConnection.connect({ address: server.address });
  client = new Client({ connection });
  worker = await Worker.create({
    connection: native,
    taskQueue: 'trials',
    workflowsPath: fileURLToPath(new URL('workflows.js', import.meta.url)),
    activities: {
      sendMail: async (_, text) => onDay(text),
      charge: async (_, amount) => {
        onDay(`charge ${amount}`);
        return amount;
      },
    },
  });
  running = worker.run();
});

after(async () => {
  worker.shutdown();
  await running;
  await native.close();
  await connection.close();
  await server.close();
});

beforeEach(() => {
  happened = [];
  startedMs = server.clock.now();
});

test('a trial that nobody cancels reminds after 23 days and charges after 30', async () => {
  const options = { taskQueue: 'trials', workflowId: 'trial-ada', args: ['ada'] };
  const result = await client.workflow.execute('trial', options);
  assert.deepEqual(result, { customer: 'ada', charged: 20 });
  assert.deepEqual(happened, [
    [23, 'your trial ends in a week'],
    [30, 'charge 20'],
    [30, 'thank you for 20'],
  ]);
});

test('who cancels is not charged', async () => {
  const stay = server.clock.hold('until it is cancelled'); // no time is skipped meanwhile
  const options = { taskQueue: 'trials', workflowId: 'trial-grace', args: ['grace'] };
  const trial = await client.workflow.start('trial', options);
  assert.equal(await trial.query('stage'), 'trying');
  await trial.signal('cancel');
  stay();
  assert.deepEqual(await trial.result(), { customer: 'grace', charged: 0 });
  assert.deepEqual(happened, [[0, 'goodbye']]);
});
