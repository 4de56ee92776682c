/** A connection to a Temporal server: one for calls, and one for workers, made when first needed. */
import { connect as connectTcp } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { formatDuration } from '../../core/duration.js';
import { ErrorKind, PerdureError } from '../../core/errors.js';
import { callInterceptors } from './closed-calls.js';
import { grpcCode, remoteError } from './remote-error.js';
import { checkTls } from './tls-check.js';

export interface TemporalClientOptions {
  /** `host:port`. */
  readonly address: string;
  /** Namespace on the server. Default `default`. */
  readonly namespace?: string | undefined;
  /** `null` or left out: no TLS. An empty object: TLS with the system's authorities. */
  readonly tls?: TemporalTls | null | undefined;
  readonly apiKey?: string | undefined;
  /** How long to go on trying. Default 10,000. */
  readonly connectionTimeoutMs?: number | undefined;
  readonly keepAliveTimeMs?: number | undefined;
  readonly keepAliveTimeoutMs?: number | undefined;
}

export interface TemporalTls {
  /** PEM of the certificate authority. */
  readonly ca?: Uint8Array | undefined;
  /** Name to check the server's certificate against. */
  readonly serverName?: string | undefined;
  /** PEM of the client's own certificate and key, for mTLS. */
  readonly cert?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
}

export interface TemporalClient {
  readonly address: string;
  readonly namespace: string;
  readonly connection: Connection;
  readonly client: Client;
  /**
   * Whether the server answers, and still has the namespace.
   * @throws PerdureError UNAVAILABLE, TIMEOUT, NOT_FOUND, PERMISSION_DENIED and what else it says.
   */
  check(withinMs: number): Promise<void>;
  /** The connection for workers. */
  native(): Promise<NativeConnection>;
  /** Closes both connections; every worker on them must have stopped. */
  close(): Promise<void>;
}

const RETRY_MS = 100;

/**
 * Connects to a server and makes sure that the namespace exists.
 * @throws PerdureError UNAVAILABLE when nobody answered within `connectionTimeoutMs`, or when what
 *   listens there is not a Temporal server; NOT_FOUND for an unknown namespace; PERMISSION_DENIED.
 */
export async function connectTemporal(options: TemporalClientOptions): Promise<TemporalClient> {
  const namespace = options.namespace ?? 'default';
  const timeoutMs = options.connectionTimeoutMs ?? 10_000;
  const deadline = Date.now() + timeoutMs;
  await untilListening(options.address, deadline, timeoutMs);
  if (options.tls != null) await checkTls(options.address, options.tls, timeoutMs);
  const connection = await speakTemporal(options, deadline, timeoutMs);
  try {
    await checkNamespace(connection, namespace, options);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return new ConnectedClient(options, namespace, connection);
}

class ConnectedClient implements TemporalClient {
  readonly address: string;
  readonly client: Client;
  private workers: Promise<NativeConnection> | null = null;

  constructor(
    private readonly options: TemporalClientOptions,
    readonly namespace: string,
    readonly connection: Connection,
  ) {
    this.address = options.address;
    this.client = new Client({ connection, namespace });
  }

  check(withinMs: number): Promise<void> {
    const { connection, namespace, options } = this;
    return connection.withDeadline(Date.now() + withinMs, () =>
      checkNamespace(connection, namespace, options),
    );
  }

  native(): Promise<NativeConnection> {
    this.workers ??= NativeConnection.connect(sdkOptions(this.options));
    return this.workers;
  }

  async close(): Promise<void> {
    const workers = this.workers;
    this.workers = null;
    await this.connection.close();
    if (workers !== null) await (await workers).close();
  }
}

function sdkOptions(options: TemporalClientOptions) {
  const { tls, apiKey } = options;
  return {
    address: options.address,
    // With an API key the SDK takes TLS for granted, where nothing is said.
    tls: tls == null ? false : sdkTls(tls),
    ...(apiKey !== undefined && { apiKey }),
  };
}

function sdkTls(tls: TemporalTls) {
  return {
    ...(tls.ca !== undefined && { serverRootCACertificate: tls.ca }),
    ...(tls.serverName !== undefined && { serverNameOverride: tls.serverName }),
    ...(tls.cert !== undefined &&
      tls.key !== undefined && { clientCertPair: { crt: tls.cert, key: tls.key } }),
  };
}

/** Waits until something accepts connections at the address. */
async function untilListening(address: string, deadline: number, timeoutMs: number): Promise<void> {
  for (;;) {
    const refusal = await knock(address, Math.max(1, deadline - Date.now()));
    if (refusal === null) return;
    if (Date.now() + RETRY_MS >= deadline) {
      throw new PerdureError(
        ErrorKind.UNAVAILABLE,
        `no Temporal server at ${address}: nobody listens there (${refusal}; tried for ` +
          `${formatDuration(timeoutMs)}). Start a server, or correct the address of the client.`,
        { details: { address } },
      );
    }
    await delay(RETRY_MS);
  }
}

/** `null` when somebody answered, else why not. */
function knock(address: string, timeoutMs: number): Promise<string | null> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port: Number(address.slice(colon + 1)) });
    const done = (result: string | null) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeoutMs, () => done('no answer'));
    socket.once('connect', () => done(null));
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
  });
}

async function speakTemporal(
  options: TemporalClientOptions,
  deadline: number,
  timeoutMs: number,
): Promise<Connection> {
  const channelArgs = {
    'grpc.keepalive_time_ms': options.keepAliveTimeMs ?? 30_000,
    'grpc.keepalive_timeout_ms': options.keepAliveTimeoutMs ?? 10_000,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.max_receive_message_length': 128 * 1024 * 1024,
  };
  const connection = Connection.lazy({
    ...sdkOptions(options),
    channelArgs,
    interceptors: callInterceptors(),
    connectTimeout: Math.max(RETRY_MS, deadline - Date.now()),
  });
  try {
    await connection.ensureConnected();
    return connection;
  } catch (thrown) {
    await connection.close();
    const error = remoteError(thrown);
    if (error.kind === ErrorKind.PERMISSION_DENIED) throw notLetIn(options, error);
    const reason = error.message;
    throw new PerdureError(
      ErrorKind.UNAVAILABLE,
      `${options.address} is not a Temporal server that we can talk to: something listens there, but ` +
        `it did not answer as one within ${formatDuration(timeoutMs)} (${reason}). Check the address` +
        `${options.tls == null ? ', and whether it wants TLS' : ' and the TLS settings'}.`,
      { cause: thrown, details: { address: options.address } },
    );
  }
}

async function checkNamespace(
  connection: Connection,
  namespace: string,
  options: TemporalClientOptions,
): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (thrown) {
    const error = remoteError(thrown);
    if (grpcCode(thrown) === UNAUTHENTICATED) throw notLetIn(options, error);
    // A key that may only run workflows is refused this look; that is no reason not to start.
    if (error.kind === ErrorKind.PERMISSION_DENIED) return;
    if (error.kind !== ErrorKind.NOT_FOUND) throw error;
    throw new PerdureError(
      ErrorKind.NOT_FOUND,
      `namespace not found: ${namespace} on the Temporal server at ${options.address}; correct the ` +
        `namespace of the client, or create it: temporal operator namespace create ${namespace}`,
      { cause: thrown },
    );
  }
}

const UNAUTHENTICATED = 16;

/** The server knows what it was shown, and does not take it. The words are the server's, never the key. */
function notLetIn(options: TemporalClientOptions, error: PerdureError): PerdureError {
  const shown =
    options.apiKey !== undefined
      ? 'the API key is wrong, has expired, or is for something else'
      : options.tls?.cert !== undefined
        ? 'the client certificate is not one that it knows'
        : 'it wants credentials, and the client has none (auth)';
  return new PerdureError(
    ErrorKind.PERMISSION_DENIED,
    `the Temporal server at ${options.address} does not let us in: ${error.message}. Perhaps ${shown}.`,
    { cause: error, details: { address: options.address } },
  );
}
