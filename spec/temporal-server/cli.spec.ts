import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { ByHand } from './support/by-hand.js';
import { rawClient } from './support/raw.js';

const exec = promisify(execFile);

/** The `temporal` command, on the path or where `go install` puts it. */
function findCli(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(homedir(), 'go', 'bin')];
  return folders.map((folder) => join(folder, 'temporal')).find((file) => existsSync(file));
}

const cli = findCli();
if (!cli && process.env.CI)
  throw new Error(
    'the temporal command is not installed: go install github.com/temporalio/cli/cmd/temporal@v1.5.1',
  );

(cli ? describe : describe.skip)('the temporal command against the embedded server', () => {
  let server: TemporalServer;

  beforeAll(async () => {
    server = await startTemporalServer({ port: 0 });
  });

  afterAll(() => server.close());

  async function temporal(...args: string[]): Promise<string> {
    const { stdout } = await exec(cli ?? '', [...args, '--address', server.address]);
    return stdout;
  }

  it('starts, lists, describes, shows, signals, counts, cancels and terminates', async () => {
    await temporal('workflow', 'start', '--type', 't', '--task-queue', 'q', '-w', 'one', '-i', '1');
    expect(await temporal('workflow', 'list', '--query', "WorkflowId = 'one'")).toMatch(
      /Running\s+one\s+t/,
    );
    expect(await temporal('workflow', 'describe', '-w', 'one')).toMatch(/WorkflowId\s+one/);
    await temporal('workflow', 'signal', '-w', 'one', '--name', 's', '-i', '1');
    await temporal('workflow', 'cancel', '-w', 'one');
    const shown = await temporal('workflow', 'show', '-w', 'one');
    expect(shown).toMatch(
      /WorkflowExecutionStarted[\s\S]*WorkflowExecutionSignaled[\s\S]*CancelRequested/,
    );
    await temporal('workflow', 'terminate', '-w', 'one', '--reason', 'enough');
    const described = JSON.parse(
      await temporal('workflow', 'describe', '-w', 'one', '-o', 'json'),
    ) as {
      workflowExecutionInfo: { status: string };
    };
    expect(described.workflowExecutionInfo.status).toBe('WORKFLOW_EXECUTION_STATUS_TERMINATED');
    expect(
      await temporal('workflow', 'count', '--query', "ExecutionStatus = 'Terminated'"),
    ).toMatch(/Total: 1/);
  });

  it('registers and lists search attributes, and describes namespaces', async () => {
    await temporal(
      'operator',
      'search-attribute',
      'create',
      '--name',
      'Colour',
      '--type',
      'Keyword',
    );
    expect(await temporal('operator', 'search-attribute', 'list')).toMatch(/Colour\s+Keyword/);
    expect(await temporal('operator', 'namespace', 'describe', '-n', 'default')).toMatch(
      /Registered/,
    );
    expect(await temporal('operator', 'namespace', 'list')).toMatch(/default/);
    expect(await temporal('operator', 'cluster', 'health')).toMatch(/SERVING/);
  });

  it('resets a run to its first task, and deletes it', async () => {
    await temporal('workflow', 'start', '--type', 't', '--task-queue', 'q', '-w', 'again');
    const client = rawClient(server.address);
    const runs = new ByHand(client, 'again');
    await runs.complete(await runs.poll('q'));
    await temporal('workflow', 'reset', '-w', 'again', '-t', 'FirstWorkflowTask', '--reason', 'r');
    expect(await temporal('workflow', 'show', '-w', 'again')).toMatch(/WorkflowTaskFailed/);
    await temporal('workflow', 'delete', '-w', 'again');
    await expect(temporal('workflow', 'describe', '-w', 'again')).rejects.toThrow(
      'workflow not found',
    );
    client.close();
  });

  it('creates, describes, triggers, toggles, backfills, lists, updates and deletes schedules', async () => {
    const schedule = (command: string, ...args: string[]) =>
      temporal('schedule', command, '-s', 'nightly', ...args);
    const action = ['--type', 't', '--task-queue', 'q', '-w', 'night'];
    await schedule('create', '--cron', '0 3 * * *', '--time-zone', 'Europe/Berlin', ...action);
    expect(await schedule('describe')).toMatch(/ScheduleId\s+nightly/);
    await schedule('trigger');
    await schedule('toggle', '--pause', '--reason', 'not now');
    expect(await temporal('schedule', 'list')).toMatch(/nightly[\s\S]*true/);
    const span = ['--start-time', '2026-01-01T00:00:00Z', '--end-time', '2026-01-03T00:00:00Z'];
    await schedule('backfill', '--overlap-policy', 'AllowAll', ...span);
    await schedule('update', '--interval', '1h', ...action);
    await schedule('delete');
    await expect(schedule('describe')).rejects.toThrow('not found');
    const started = "TemporalScheduledById = 'nightly'";
    expect(await temporal('workflow', 'count', '--query', started)).toMatch(/Total: 3/);
  });

  it('ends many runs with one batch job', async () => {
    for (const id of ['m1', 'm2'])
      await temporal('workflow', 'start', '--type', 'many', '--task-queue', 'q', '-w', id);
    const many = ['--query', "WorkflowType = 'many'"];
    await temporal('workflow', 'terminate', ...many, '--reason', 'enough', '--yes');
    while (!(await temporal('workflow', 'count', ...many, '--query', OPEN)).includes('Total: 0'));
    expect(await temporal('batch', 'list')).toMatch(/Completed/);
  });
});

const OPEN = "WorkflowType = 'many' AND ExecutionStatus = 'Running'";
