import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { type Certificates, makeCertificates } from '../support/certificates.js';
import { type CliOptions, perdure, type RunningCli, startPerdure } from '../support/cli.js';

const KEY = 'key-of-this-server';
const START = ['server', 'start-dev', '--port', '0'];

describe('perdure server start-dev', () => {
  let certificates: Certificates;
  let running: RunningCli | undefined;

  beforeAll(() => {
    certificates = makeCertificates();
  });

  afterEach(async () => {
    running?.process.kill('SIGTERM');
    await running?.ended;
    running = undefined;
  });

  afterAll(() => rmSync(certificates.folder, { recursive: true, force: true }));

  async function start(args: readonly string[], options: CliOptions = {}) {
    running = startPerdure([...START, '--json', ...args], options);
    const text = await running.waitFor(/^\{.*\}$/m);
    const line = text.split('\n').find((each) => each.startsWith('{')) ?? '';
    return JSON.parse(line) as { address: string; metricsUrl?: string };
  }

  it('makes namespaces and search attributes, and serves metrics', async () => {
    const { address, metricsUrl } = await start([
      ...['--namespace', 'one', '--namespace', 'two', '--metrics-port', '0', '--headless'],
      ...['--search-attribute', 'Customer=Keyword', '--search-attribute', 'Score=Int'],
    ]);
    const connection = await Connection.connect({ address });
    const { namespaces } = await connection.workflowService.listNamespaces({});
    const names = namespaces?.map(({ namespaceInfo }) => namespaceInfo?.name);
    expect(names).toEqual(['default', 'one', 'two']);
    const query = 'Customer = "ada" AND Score > 3';
    const client = new Client({ connection, namespace: 'two' });
    expect((await client.workflow.count(query)).count).toBe(0);
    await connection.close();
    expect(await (await fetch(metricsUrl ?? '')).text()).toContain('method="ListNamespaces"');
  });

  it.each([
    [0, [], ''],
    [2, [], '2 open workflows lived in memory and are gone; --db-filename FILE keeps them'],
    [2, ['--db-filename'], ''],
  ])('says at its end what is gone with its memory: %i workflows %j', async (open, flags, told) => {
    const folder = mkdtempSync(join(tmpdir(), 'perdure-lost-'));
    const { address } = await start(flags.flatMap((flag) => [flag, join(folder, 'server.db')]));
    const connection = await Connection.connect({ address });
    const { workflow } = new Client({ connection });
    for (let id = 0; id <= open; id++)
      await workflow.start('t', { workflowId: `w-${id}`, taskQueue: 'q' });
    await workflow.getHandle('w-0').terminate();
    await connection.close();
    running?.process.kill('SIGTERM');
    const ended = await running?.ended;
    rmSync(folder, { recursive: true });
    if (told) expect(ended?.stderr).toContain(told);
    else expect(ended?.stderr).not.toContain('gone');
  });

  it('is one file with its packages, and takes the logger when it needs it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perdure-packed-'));
    const file = ['--db-filename', join(folder, 'server.db')];
    const { address } = await start([...file, '--log-level', 'info'], {
      env: { NODE_DEBUG: 'esm,module' },
    });
    await (await Connection.connect({ address })).close();
    running?.process.kill('SIGTERM');
    const { stderr = '' } = (await running?.ended) ?? {};
    rmSync(folder, { recursive: true });
    const loaded = stderr.match(/(?<=\/)(dist\/src|node_modules)\/[\w./@-]+\.c?js\b/g);
    const ours = new Set(loaded?.filter((path) => path.startsWith('dist/')));
    expect([...ours].sort()).toEqual([
      'dist/src/cli/bundle/server-command.cjs',
      'dist/src/cli/log.js',
    ]);
    const packages = new Set(loaded?.map((path) => path.split('/')[1]));
    expect(packages).toContain('pino');
    for (const packed of ['commander', 'lmdb', 'protobufjs', '@temporalio'])
      expect(packages).not.toContain(packed);
    expect(stderr).toContain('listening on');
  });

  it('serves TLS to clients with a certificate and the key from the environment, and prints no key', async () => {
    const { server, ca, client } = certificates;
    const { address } = await start(
      [
        ...['--tls-cert', server.certFile, '--tls-key', server.keyFile],
        ...['--tls-client-ca', ca.certFile, '--api-key-env', 'SERVER_KEY', '--log-level', 'debug'],
      ],
      { env: { SERVER_KEY: KEY } },
    );
    const clientCertPair = { crt: client.cert, key: client.key };
    const tls = { serverRootCACertificate: ca.cert, clientCertPair };
    const connection = await Connection.connect({ address, tls, apiKey: KEY });
    await new Client({ connection }).workflow.start('t', { taskQueue: 'q', workflowId: 'id' });
    await connection.close();
    await running?.waitFor(/t id started/);
    running?.process.kill('SIGTERM');
    const { code, stdout, stderr } = (await running?.ended) ?? {};
    expect(code).toBe(143);
    expect(`${stdout}${stderr}`).not.toMatch(new RegExp(`${KEY}|PRIVATE KEY`));
  });

  const refused: [string, string[], RegExp][] = [
    [
      'an address that others reach',
      ['--ip', '0.0.0.0'],
      /--ip 0\.0\.0\.0: other machines.* --api-key-env, or --tls-client-ca/,
    ],
    ['a short key', ['--api-key', 'short'], /--api-key: expected at least 8 printable/],
    [
      'a short key in a variable',
      ['--api-key-env', 'SHORT_KEY'],
      /--api-key-env SHORT_KEY: expected at least 8 printable/,
    ],
    [
      'a port that is none',
      ['--metrics-port', '1e3'],
      /--metrics-port 1e3: expected a whole number/,
    ],
    ['half of TLS', ['--tls-cert', 'a.pem'], /both --tls-cert and --tls-key/],
    [
      'a variable that is empty',
      ['--api-key-env', 'NO_SUCH'],
      /--api-key-env NO_SUCH: there is no/,
    ],
    [
      'a type that is none',
      ['--search-attribute', 'A=Number'],
      /--search-attribute: .*one of Text/,
    ],
    ['an attribute without a type', ['--search-attribute', 'A'], /expected NAME=TYPE/],
  ];
  it.each(refused)('refuses %s as wrong usage', async (_, args, said) => {
    const env = { SHORT_KEY: 'short' };
    const { code, stderr } = await perdure([...START, ...args], { env });
    expect(stderr).toMatch(said);
    expect(code).toBe(64);
  });

  it('listens where others reach it once it is told to, and warns', async () => {
    await start(['--ip', '0.0.0.0', '--insecure']);
    await running?.waitFor(/--insecure: whoever reaches 0\.0\.0\.0 can use this server/);
  });

  it('says in its help that there is no web UI, and what is not given', async () => {
    const { stdout } = await perdure(['server', 'start-dev', '--help']);
    expect(stdout).not.toContain('[]');
    expect(stdout).toMatch(/besides "default"\s+\(default: none\)/);
    expect(stdout).toMatch(/--headless\s+accepted; there is no web UI here/);
  });
});
