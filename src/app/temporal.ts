/** The Temporal side of an app: its clients, the workers on them, and the embedded servers they need. */
import { ErrorKind, PerdureError } from '../core/errors.js';
import {
  type AppData,
  bundlePath,
  HealthWatch,
  type JsFunction,
  type NodePort,
  PeerInbox,
  type TemporalClient,
  TemporalHost,
  type WorkflowScripts,
} from '../hosts/temporal/index.js';
import type { EntryOf, Registry } from '../registry/index.js';
import type { Node } from '../runtime/node.js';
import { appDataOf, scriptsOf, settingsOf } from './app-data.js';
import { Connector, type ConnectorOptions, type Reachable } from './connector.js';
import { lostWith } from './lost.js';
import { EmbeddedServers, isListening, type ServerStorage } from './servers.js';

type ClientEntry = EntryOf<'temporal.client'>;
type WorkerEntry = EntryOf<'temporal.worker'>;

export interface TemporalSideOptions extends ConnectorOptions {
  readonly registry: Registry;
  readonly node: Node;
  readonly port: NodePort;
  /** Functions of `function.js` entries, by entry id. */
  readonly functions: ReadonlyMap<string, JsFunction>;
  /** Where embedded servers keep their data. */
  readonly storage: ServerStorage;
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
  private readonly connector: Connector;
  private readonly health = new Map<string, HealthWatch>();
  private readonly peers: PeerInbox;

  constructor(private readonly options: TemporalSideOptions) {
    this.connector = new Connector(options);
    const clients = options.registry.ofKind('temporal.client');
    const namespaces = new Set(['default', ...clients.map((c) => this.connector.namespaceOf(c))]);
    this.peers = new PeerInbox(options.port);
    this.servers = new EmbeddedServers([...namespaces], options.skippingClock, options.storage);
  }

  /**
   * Bundles the app's workflows in JavaScript, where that has not been done: it takes seconds, and what is
   * wrong with them shows before anything starts.
   * @throws PerdureError INVALID.
   */
  async prepare(): Promise<void> {
    const { registry } = this.options;
    for (const { id } of registry.ofKind('temporal.worker')) await bundlePath(this.scripts(id));
  }

  async startClient(entry: ClientEntry): Promise<void> {
    const plan = this.connector.plan(entry);
    const address = await this.reach(entry, plan);
    const client = await this.connector.connect(entry, plan, address);
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
      app: appDataFor(this.options.registry, entry),
      node: this.options.port,
      peers: this.peers,
      settings: settingsOf(entry, this.options.env),
      onLost: (error) => this.listener?.workerLost(entry.id, error),
      functions: this.options.functions,
      scripts: this.scripts(entry.id),
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

  /** Stops the embedded servers, after every client has closed. @returns what a person should know */
  async close(): Promise<readonly string[]> {
    const lost = lostWith(await this.servers.close());
    return lost === undefined ? [] : [lost];
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

  private scripts(worker: string): WorkflowScripts {
    const { registry } = this.options;
    return { root: registry.dir, workflows: scriptsOf(registry, worker) };
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
    const file = this.servers.fileOf(plan.address);
    const kept = file === null ? 'in memory and ends with this run' : `in ${file}`;
    this.options.notice(
      `${entry.id}: embedded Temporal server on ${address}; its data is kept ${kept}`,
    );
    return address;
  }
}

/** What the worker's sandboxes know of the app. */
export function appDataFor(registry: Registry, worker: WorkerEntry): AppData {
  const client = registry.get(worker.client);
  const prefix = client?.kind === 'temporal.client' ? client.taskQueuePrefix : '';
  return appDataOf(registry, prefix);
}

function notStarted(entry: WorkerEntry): PerdureError {
  return new PerdureError(
    ErrorKind.UNAVAILABLE,
    `${entry.id}: its client ${entry.client} is not started`,
  );
}
