import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { loadRegistry } from '../../src/registry/index.js';
import { folder, index } from './app-folder.js';

const ORDERS = `version: "1.0"
namespace: app

entries:
  - name: temporal_client
    kind: temporal.client
    address: "localhost:7233"
    namespace: "default"
    lifecycle:
      auto_start: true

  - name: worker
    kind: temporal.worker
    client: app:temporal_client
    task_queue: "orders"
    lifecycle:
      auto_start: true
      depends_on:
        - app:temporal_client

  - name: order_workflow
    kind: workflow.lua
    source: file://order_workflow.lua
    method: main
    modules:
      - funcs
      - time
      - workflow
      - errors
    meta:
      temporal:
        workflow:
          worker: app:worker

  - name: validate_order
    kind: function.lua
    source: file://order.lua
    method: validate
    modules:
      - errors
    meta:
      temporal:
        activity:
          worker: app:worker
          local: true

  - name: charge_payment
    kind: function.lua
    source: file://payment.lua
    method: charge
    modules:
      - http_client
      - json
    meta:
      temporal:
        activity:
          worker: app:worker
`;

const LUA = 'return { main = function() end }\n';
const orders = () =>
  folder({
    '_index.yaml': ORDERS,
    'order_workflow.lua': LUA,
    'order.lua': LUA,
    'payment.lua': LUA,
  });

describe('loadRegistry', () => {
  it('loads an app with a client, a worker, a workflow and its activities', async () => {
    const registry = await loadRegistry(orders());
    expect([...registry.entries.keys()]).toEqual([
      'app:charge_payment',
      'app:order_workflow',
      'app:temporal_client',
      'app:validate_order',
      'app:worker',
    ]);
    expect(registry.startOrder).toEqual(['app:temporal_client', 'app:worker']);
    expect(registry.requires('app:worker')).toEqual(['app:temporal_client']);
    expect(registry.warnings).toEqual([]);
  });

  it('reads Lua sources with the hash of their text', async () => {
    const workflow = (await loadRegistry(orders())).get('app:order_workflow');
    expect(workflow).toMatchObject({
      kind: 'workflow.lua',
      at: { file: '_index.yaml', line: 21, column: 5 },
      source: {
        file: 'order_workflow.lua',
        line: 1,
        text: LUA,
        hash: createHash('sha256').update(LUA).digest('hex'),
      },
      modules: ['funcs', 'time', 'workflow', 'errors'],
      workflow: { worker: 'app:worker', name: 'app:order_workflow', continueAsNew: 'manual' },
    });
  });

  it('gives entries by kind, with temporal metadata in a typed form', async () => {
    const registry = await loadRegistry(orders());
    const [charge, validate] = registry.ofKind('function.lua');
    expect(charge?.activity).toMatchObject({ worker: 'app:worker', local: false });
    expect(validate?.activity).toMatchObject({ local: true, name: 'app:validate_order' });
    expect(validate?.meta).toEqual({
      temporal: { activity: { worker: 'app:worker', local: true } },
    });
  });

  it('fills in the defaults of a lifecycle, of a client and of a program', async () => {
    const dir = folder({
      '_index.yaml': index(`  - {name: c, kind: temporal.client}
  - {name: f, kind: function.lua, source: "return 1"}
  - {name: h, kind: process.host, host: {mailbox_limit: 10}}
`),
    });
    const registry = await loadRegistry(dir);
    expect(registry.get('app:c')).toMatchObject({
      address: null,
      temporalNamespace: null,
      embedded: true,
      connectionTimeoutMs: 10_000,
      auth: { kind: 'none' },
      tls: null,
      healthCheck: { enabled: true, intervalMs: 10_000 },
      lifecycle: {
        autoStart: false,
        requires: [],
        startTimeoutMs: 10_000,
        stopTimeoutMs: 10_000,
        stableThresholdMs: 5000,
        restart: {
          initialDelayMs: 1000,
          maxDelayMs: 90_000,
          backoffFactor: 2,
          jitter: 0.1,
          maxAttempts: 0,
        },
      },
    });
    expect(registry.get('app:f')).toMatchObject({ method: 'main', modules: null, activity: null });
    expect(registry.get('app:h')).toMatchObject({
      limits: { workers: null, mailboxLimit: 10 },
      lifecycle: { autoStart: true },
    });
  });

  it('reads durations, options and references in their short form', async () => {
    const dir = folder({
      '_index.yaml': index(`  - name: w
    kind: temporal.worker
    client: c
    task_queue: q
    worker_options:
      max_concurrent_activity_task_pollers: 3
      worker_stop_timeout: 1m30s
      worker_activities_per_second: 0
      deployment_name: shop
      build_id: ""
      build_id_env: BUILD
      default_versioning_behavior: pinned
    lifecycle: {requires: [h], restart: {initial_delay: 250ms, max_attempts: 5}}
  - {name: c, kind: temporal.client}
  - {name: h, kind: process.host}
`),
    });
    const registry = await loadRegistry(dir);
    expect(registry.get('app:w')).toMatchObject({
      client: 'app:c',
      taskQueue: 'q',
      options: {
        maxConcurrentActivityTaskPollers: 3,
        workerStopTimeoutMs: 90_000,
        workerActivitiesPerSecond: undefined,
        versioning: {
          deploymentName: 'shop',
          buildId: { kind: 'env', text: 'BUILD' },
          useVersioning: false,
          defaultBehavior: 'pinned',
        },
      },
      lifecycle: { requires: ['app:h'], restart: { initialDelayMs: 250, maxAttempts: 5 } },
    });
    expect(registry.startOrder).toEqual(['app:c', 'app:h', 'app:w']);
  });

  it('takes a list of input as arguments, and anything else as the only one', async () => {
    const service = (name: string, input: string) =>
      `  - {name: ${name}, kind: process.service, process: p, host: h${input}}\n`;
    const dir = folder({
      '_index.yaml': index(
        `  - {name: h, kind: process.host}\n  - {name: p, kind: process.lua, source: "return 1"}\n${service(
          'list',
          ', input: [1, {a: b}]',
        )}${service('one', ', input: {a: [1]}')}${service('none', '')}`,
      ),
    });
    const inputs = (await loadRegistry(dir))
      .ofKind('process.service')
      .map((s) => [s.name, s.input]);
    expect(Object.fromEntries(inputs)).toEqual({
      list: [1, { a: 'b' }],
      one: [{ a: [1] }],
      none: [],
    });
  });

  it('starts a service after its host, and after the worker of the workflow it runs', async () => {
    const dir = folder({
      '_index.yaml': index(`  - {name: a, kind: process.service, process: flow, host: y}
  - {name: flow, kind: workflow.lua, source: "return 1", meta: {temporal: {workflow: {worker: z}}}}
  - {name: y, kind: process.host}
  - {name: z, kind: temporal.worker, client: zz, task_queue: q}
  - {name: zz, kind: temporal.client}
`),
    });
    const registry = await loadRegistry(dir);
    expect(registry.startOrder).toEqual(['app:y', 'app:zz', 'app:z', 'app:a']);
    expect(registry.requires('app:a')).toEqual(['app:y', 'app:z']);
  });

  it('loads sub-folders, but no node_modules and no folder that starts with a dot', async () => {
    const empty = 'version: "1.0"\nnamespace: other\nentries: []\n';
    const dir = folder({
      '_index.yaml': index('  - {name: h, kind: process.host}\n'),
      'lib/text/_index.yaml': `version: "1.0"
namespace: app.text
entries:
  - name: words
    kind: library.lua
    source: file://words.lua
  - name: count
    kind: process.lua
    source: file://words.lua
    imports: {words: words}
    meta: {default_host: app:h}
`,
      'lib/text/words.lua': 'return {}',
      'node_modules/x/_index.yaml': 'not: [yaml',
      '.perdure/_index.yaml': 'not: [yaml',
      'z/_index.yaml': empty,
    });
    const registry = await loadRegistry(dir);
    expect(registry.get('app.text:count')).toMatchObject({
      source: { file: 'lib/text/words.lua' },
      imports: { words: 'app.text:words' },
      defaultHost: 'app:h',
    });
    expect(registry.entries.size).toBe(3);
  });

  it('keeps the file and the line of Lua that is written in the entry itself', async () => {
    const dir = folder({
      '_index.yaml': index(`  - name: f
    kind: function.lua
    source: |
      local function main()
        return 1
      end
      return { main = main }
`),
    });
    expect((await loadRegistry(dir)).get('app:f')).toMatchObject({
      source: {
        file: '_index.yaml',
        line: 7,
        text: 'local function main()\n  return 1\nend\nreturn { main = main }\n',
      },
    });
  });

  it('warns about worker options that nothing here corresponds to', async () => {
    const dir = folder({
      '_index.yaml': index(`  - {name: c, kind: temporal.client}
  - name: w
    kind: temporal.worker
    client: c
    task_queue: q
    worker_options:
      enable_session_worker: true
      max_concurrent_session_execution_size: 5
      max_concurrent_eager_activity_execution_size: 3
      worker_local_activities_per_second: 10
      deadlock_detection_timeout: 5s
      disable_registration_aliasing: true
`),
    });
    const { warnings } = await loadRegistry(dir);
    expect(warnings).toMatchObject([
      { line: 10, entry: 'app:w', field: 'worker_options.enable_session_worker' },
      { line: 11, field: 'worker_options.max_concurrent_session_execution_size' },
      { line: 12, field: 'worker_options.max_concurrent_eager_activity_execution_size' },
      { line: 13, field: 'worker_options.worker_local_activities_per_second' },
      { line: 14, field: 'worker_options.deadlock_detection_timeout' },
      { line: 15, field: 'worker_options.disable_registration_aliasing' },
    ]);
  });

  it('never prints a secret', async () => {
    const dir = folder({
      '_index.yaml': index('  - {name: c, kind: temporal.client, api_key: sk-12345}\n'),
    });
    const registry = await loadRegistry(dir);
    const client = registry.ofKind('temporal.client')[0];
    expect(inspect(client, { depth: 9, showHidden: true })).not.toContain('sk-12345');
    expect(JSON.stringify(client)).not.toContain('sk-12345');
    expect(client?.auth.kind === 'api_key' && client.auth.key.kind === 'value').toBe(true);
    const key = client?.auth.kind === 'api_key' ? client.auth.key : undefined;
    expect(key?.kind === 'value' ? key.secret.reveal() : undefined).toBe('sk-12345');
  });

  it('gives the same registry every time, whatever the order of the files', async () => {
    const files = {
      'a/_index.yaml': index(
        '  - {name: b, kind: process.host}\n  - {name: a, kind: process.host}\n',
      ),
      'b/_index.yaml': 'version: "1.0"\nnamespace: aa\nentries: [{name: a, kind: terminal.host}]\n',
    };
    const one = await loadRegistry(folder(files));
    const other = await loadRegistry(folder(Object.fromEntries(Object.entries(files).reverse())));
    expect([...one.entries.values()]).toEqual([...other.entries.values()]);
    expect(one.startOrder).toEqual(['aa:a', 'app:a', 'app:b']);
    expect(other.startOrder).toEqual(one.startOrder);
  });
});
