/** The Temporal side of an app: its clients, the workers on them, and the embedded servers they need. */
import { readFile } from 'node:fs/promises';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { ErrorKind, PerdureError } from '../core/errors.js';
import {
  type AppData,
  connectTemporal,
  type NodePort,
  type TemporalClient,
  TemporalHost,
  type TemporalTls,
} from '../hosts/temporal/index.js';
import type { EntryOf, Registry, SecretSource } from '../registry/index.js';
import type { Node } from '../runtime/node.js';
import type { Clock as ServerClock } from '../temporal-server/index.js';
import { type AddressPlan, planAddress } from './addresses.js';
import { appDataOf, settingsOf } from './app-data.js';
import { EmbeddedServers, isListening } from './servers.js';

/** A plan that leads to a server. */
type Reachable = Exclude<AddressPlan, { readonly kind: 'refused' }>;
type ClientEntry = EntryOf<'temporal.client'>;
type WorkerEntry = EntryOf<'temporal.worker'>;

export interface TemporalSideOptions {
  readonly registry: Registry;
  readonly node: Node;
  readonly port: NodePort;
  readonly env: { readonly [name: string]: string | undefined };
  /** `--address`. */
  readonly address: string | undefined;
  /** The clock to share with an embedded server; set when time is skipped. */
  readonly skippingClock: ServerClock | undefined;
  /** Told what a person should know: data in memory, another port. */
  readonly notice: (text: string) => void;
}

export class TemporalSide {
  private readonly clients = new Map<string, TemporalClient>();
  private readonly workers = new Map<string, TemporalHost>();
  private readonly servers: EmbeddedServers;

  constructor(private readonly options: TemporalSideOptions) {
    const clients = options.registry.ofKind('temporal.client');
    const namespaces = new Set(['default', ...clients.map((c) => c.temporalNamespace)]);
    this.servers = new EmbeddedServers([...namespaces], options.skippingClock);
  }

  /** Whether data of this run is only in memory. */
  get inMemory(): boolean {
    return this.servers.running;
  }

  async startClient(entry: ClientEntry): Promise<void> {
    const plan = this.plan(entry);
    if (plan.kind === 'refused') {
      throw new PerdureError(ErrorKind.INVALID, `${entry.id}: ${plan.why}`);
    }
    const address = await this.reach(entry, plan);
    const options =
      plan.kind !== 'own' && plan.credentials === 'environment'
        ? this.fromEnvironment()
        : await credentialsOf(entry, plan, this.options.env);
    this.clients.set(
      entry.id,
      await connectTemporal({
        ...options,
        address,
        namespace: entry.temporalNamespace,
        connectionTimeoutMs: entry.connectionTimeoutMs,
        keepAliveTimeMs: entry.keepAliveTimeMs,
        keepAliveTimeoutMs: entry.keepAliveTimeoutMs,
      }),
    );
  }

  async stopClient(entry: ClientEntry): Promise<void> {
    const client = this.clients.get(entry.id);
    this.clients.delete(entry.id);
    await client?.close();
  }

  async startWorker(entry: WorkerEntry): Promise<void> {
    const client = this.clients.get(entry.client);
    if (client === undefined) throw notStarted(entry);
    const host = new TemporalHost({
      id: entry.id,
      client,
      taskQueue: entry.taskQueue,
      app: this.appData(entry),
      node: this.options.port,
      settings: settingsOf(entry, this.options.env),
    });
    await host.start();
    this.workers.set(entry.id, host);
    this.options.node.addHost(host, [entry.taskQueue]);
  }

  async stopWorker(entry: WorkerEntry): Promise<void> {
    const host = this.workers.get(entry.id);
    this.workers.delete(entry.id);
    await host?.stop(entry.lifecycle.stopTimeoutMs);
  }

  /** Stops the embedded servers, after every client has closed. */
  async close(): Promise<void> {
    await this.servers.close();
  }

  private appData(entry: WorkerEntry): AppData {
    const client = this.options.registry.get(entry.client);
    const prefix = client?.kind === 'temporal.client' ? client.taskQueuePrefix : '';
    return appDataOf(this.options.registry, prefix);
  }

  private plan(entry: ClientEntry): AddressPlan {
    return planAddress({
      forced: this.options.address,
      declared: entry.address,
      environment: entry.address === null ? this.environmentAddress() : undefined,
      embeddedAllowed: entry.embedded,
      skipTime: this.options.skippingClock !== undefined,
      production: this.options.env.NODE_ENV === 'production',
    });
  }

  /** Where the client connects to, with an embedded server started there if need be. */
  private async reach(entry: ClientEntry, plan: Reachable): Promise<string> {
    const own = this.servers.at(plan.address);
    if (own !== null) return own;
    if (plan.kind === 'remote') return plan.address;
    if (plan.kind === 'local' && (await isListening(plan.address))) {
      this.options.notice(`${entry.id}: using the Temporal server that listens on ${plan.address}`);
      return plan.address;
    }
    const address = await this.servers.start(plan.address, plan.kind === 'own');
    this.options.notice(
      `${entry.id}: embedded Temporal server on ${address}; its data is kept in memory and ends with this run`,
    );
    return address;
  }

  private environmentAddress(): string | undefined {
    return loadClientConnectConfig({ overrideEnvVars: definedOnly(this.options.env) })
      .connectionOptions.address;
  }

  private fromEnvironment() {
    const { connectionOptions } = loadClientConnectConfig({
      overrideEnvVars: definedOnly(this.options.env),
    });
    const { apiKey, tls } = connectionOptions;
    return {
      ...(typeof apiKey === 'string' && { apiKey }),
      ...(tls !== undefined && tls !== false && { tls: environmentTls(tls) }),
    };
  }
}

function environmentTls(tls: object | boolean | null): TemporalTls {
  if (typeof tls !== 'object' || tls === null) return {};
  const t = tls as {
    serverNameOverride?: string;
    serverRootCACertificate?: Uint8Array;
    clientCertPair?: { crt: Uint8Array; key: Uint8Array };
  };
  return {
    ca: t.serverRootCACertificate,
    serverName: t.serverNameOverride,
    cert: t.clientCertPair?.crt,
    key: t.clientCertPair?.key,
  };
}

async function credentialsOf(
  entry: ClientEntry,
  plan: Reachable,
  env: { readonly [name: string]: string | undefined },
): Promise<{ apiKey?: string; tls?: TemporalTls }> {
  if (plan.kind === 'own' || plan.credentials !== 'entry') return {};
  const { auth, tls } = entry;
  if (auth.kind === 'none' && tls === null) return {};
  const settings: TemporalTls = {
    ca: tls?.caFile == null ? undefined : await readFile(tls.caFile),
    serverName: tls?.serverName ?? undefined,
    ...(auth.kind === 'mtls' && {
      cert: Buffer.from(await reveal(entry, auth.cert, env)),
      key: Buffer.from(await reveal(entry, auth.key, env)),
    }),
  };
  if (auth.kind !== 'api_key') return { tls: settings };
  return { apiKey: await reveal(entry, auth.key, env), tls: settings };
}

async function reveal(
  entry: ClientEntry,
  source: SecretSource,
  env: { readonly [name: string]: string | undefined },
): Promise<string> {
  switch (source.kind) {
    case 'value':
      return source.secret.reveal();
    case 'file':
      return (await readFile(source.path, 'utf8')).trim();
    case 'env': {
      const value = env[source.name];
      if (value !== undefined && value !== '') return value;
      throw new PerdureError(
        ErrorKind.INVALID,
        `${entry.id}: its credentials come from the environment variable ${source.name}, which is not set`,
      );
    }
  }
}

function notStarted(entry: WorkerEntry): PerdureError {
  return new PerdureError(
    ErrorKind.UNAVAILABLE,
    `${entry.id}: its client ${entry.client} is not started`,
  );
}

function definedOnly(env: { readonly [name: string]: string | undefined }) {
  return Object.fromEntries(
    Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
