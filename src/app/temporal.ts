/** The Temporal side of an app: its clients, the workers on them, and the embedded servers they need. */
import { ErrorKind, PerdureError } from '../core/errors.js';
import {
  type AppData,
  connectTemporal,
  HealthWatch,
  type NodePort,
  PeerInbox,
  type TemporalClient,
  TemporalHost,
} from '../hosts/temporal/index.js';
import type { EntryOf, Registry } from '../registry/index.js';
import type { Node } from '../runtime/node.js';
import type { Clock as ServerClock } from '../temporal-server/index.js';
import { type AddressPlan, planAddress } from './addresses.js';
import { appDataOf, settingsOf } from './app-data.js';
import { credentialsFor, type EnvironmentProfile, environmentProfile } from './credentials.js';
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

export interface TemporalListener {
  /** A worker that was up has failed. */
  workerLost(id: string, error: PerdureError): void;
  /** The server of a client does not answer any more (`error`), or answers again (`null`). */
  reachable(client: string, error: PerdureError | null): void;
}

export class TemporalSide {
  private readonly clients = new Map<string, TemporalClient>();
  private readonly workers = new Map<string, TemporalHost>();
  private readonly servers: EmbeddedServers;
  private listener: TemporalListener | undefined;
  private profile: EnvironmentProfile | undefined;
  private readonly health = new Map<string, HealthWatch>();
  private readonly peers: PeerInbox;

  constructor(private readonly options: TemporalSideOptions) {
    const clients = options.registry.ofKind('temporal.client');
    const namespaces = new Set(['default', ...clients.map((c) => this.namespaceOf(c))]);
    this.peers = new PeerInbox(options.port);
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
    const whose = plan.kind === 'own' ? 'none' : plan.credentials;
    const client = await connectTemporal({
      ...(await credentialsFor(entry, address, whose, this.options.env)),
      address,
      namespace: this.namespaceOf(entry),
      connectionTimeoutMs: entry.connectionTimeoutMs,
      keepAliveTimeMs: entry.keepAliveTimeMs,
      keepAliveTimeoutMs: entry.keepAliveTimeoutMs,
    });
    this.clients.set(entry.id, client);
    this.watchHealth(entry, client);
  }

  async stopClient(entry: ClientEntry): Promise<void> {
    const client = this.clients.get(entry.id);
    this.clients.delete(entry.id);
    this.health.get(entry.id)?.stop();
    this.health.delete(entry.id);
    await client?.close();
  }

  async startWorker(entry: WorkerEntry): Promise<void> {
    const client = this.clients.get(entry.client);
    if (client === undefined) throw notStarted(entry);
    await this.stopWorker(entry); // One that has failed is started again.
    const host = new TemporalHost({
      id: entry.id,
      client,
      taskQueue: entry.taskQueue,
      app: this.appData(entry),
      node: this.options.port,
      peers: this.peers,
      settings: settingsOf(entry, this.options.env),
      onLost: (error) => this.listener?.workerLost(entry.id, error),
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

  /** Who is told when a worker fails, or when a client's server does not answer or answers again. */
  listen(listener: TemporalListener): void {
    this.listener = listener;
  }

  /** Why the server of a client, or of a worker's client, does not answer; null where it does. */
  unreachable(id: string): PerdureError | null {
    const entry = this.options.registry.get(id);
    const client = entry?.kind === 'temporal.worker' ? entry.client : id;
    return this.health.get(client)?.error ?? null;
  }

  private watchHealth({ id, healthCheck }: ClientEntry, client: TemporalClient): void {
    if (!healthCheck.enabled || this.options.skippingClock !== undefined) return;
    const { port } = this.options;
    const watch = new HealthWatch(client, healthCheck.intervalMs, (error) => {
      if (error === null) port.log('info', `${id}: ${client.address} answers again`, null);
      else port.log('warn', `${id}: ${error.text}`, null);
      this.listener?.reachable(id, error);
    });
    this.health.set(id, watch);
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
      environment: entry.address === null ? this.environment().address : undefined,
      embeddedAllowed: entry.embedded,
      skipTime: this.options.skippingClock !== undefined,
      production: this.options.env.NODE_ENV === 'production',
    });
  }

  private environment(): EnvironmentProfile {
    this.profile ??= environmentProfile(this.options.env);
    return this.profile;
  }

  /** The environment's, like its address, is for a client that names neither. */
  private namespaceOf({ temporalNamespace, address }: ClientEntry): string {
    if (temporalNamespace !== null) return temporalNamespace;
    const { address: forced, skippingClock } = this.options;
    const asked = address === null && forced === undefined && skippingClock === undefined;
    return (asked ? this.environment().namespace : undefined) ?? 'default';
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
}

function notStarted(entry: WorkerEntry): PerdureError {
  return new PerdureError(
    ErrorKind.UNAVAILABLE,
    `${entry.id}: its client ${entry.client} is not started`,
  );
}
