import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { type RawClient, rawClient } from './support/raw.js';

describe('the metrics page', () => {
  let server: TemporalServer;
  let client: RawClient;

  beforeAll(async () => {
    server = await startTemporalServer({
      port: 0,
      metricsPort: 0,
      namespaces: ['default', 'o"n\\e'],
    });
    client = rawClient(server.address);
  });

  afterAll(async () => {
    client.close();
    await server.close();
  });

  async function page(): Promise<string> {
    const answer = await fetch(server.metricsUrl ?? '');
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    return answer.text();
  }

  it('has calls by method and code, open workflows, and the backlog of task queues', async () => {
    const start = {
      namespace: 'default',
      workflowType: { name: 't' },
      taskQueue: { name: 'queue' },
    };
    for (const workflowId of ['one', 'two'])
      await client.call('StartWorkflowExecution', { ...start, workflowId, requestId: workflowId });
    const unknown = client.call('StartWorkflowExecution', { ...start, namespace: 'none' });
    await expect(unknown).rejects.toBeDefined();
    const text = await page();
    const calls = (code: string) =>
      `perdure_server_requests_total{method="StartWorkflowExecution",code="${code}"}`;
    expect(text).toContain(`${calls('OK')} 2\n`);
    expect(text).toMatch(/requests_total\{method="StartWorkflowExecution",code="(?!OK)\w+"\} 1\n/);
    expect(text).toContain('perdure_server_open_workflows{namespace="default"} 2\n');
    expect(text).toContain(
      'perdure_server_task_queue_backlog{namespace="default",task_queue="queue",kind="workflow"} 2\n',
    );
    const duration = 'perdure_server_request_duration_seconds';
    expect(text).toContain(`${duration}_bucket{method="StartWorkflowExecution",le="+Inf"} 3\n`);
    expect(text).toContain(`${duration}_count{method="StartWorkflowExecution"} 3\n`);
  });

  it('has each family’s help and type, and names that need it escaped', async () => {
    const text = await page();
    const families = [...text.matchAll(/^# TYPE (\w+) (counter|gauge|histogram)$/gm)];
    expect(families).toHaveLength(5);
    for (const [, name] of families) expect(text).toContain(`# HELP ${name} `);
    expect(text).toContain('perdure_server_open_workflows{namespace="o\\"n\\\\e"} 0\n');
    const sample = /^\w+(\{(\w+="([^"\\]|\\.)*",?)+\})? [0-9.e+-]+$/;
    for (const line of text.split('\n').filter((each) => each && !each.startsWith('#')))
      expect(line).toMatch(sample);
  });

  it('counts a call whose client went away as CANCELLED', async () => {
    const poll = client.begin('PollWorkflowTaskQueue', {
      namespace: 'default',
      taskQueue: { name: 'empty' },
    });
    let text = '';
    while (!text.includes('task_queue="empty"')) text = await page();
    poll.cancel();
    const gone = 'requests_total{method="PollWorkflowTaskQueue",code="CANCELLED"} 1\n';
    while (!text.includes(gone)) text = await page();
  });

  it('is nowhere unless a port is given', async () => {
    const other = await startTemporalServer({ port: 0 });
    expect(other.metricsUrl).toBeUndefined();
    await other.close();
  });
});
