/**
 * `perdure server start-dev`: the embedded Temporal server alone, until Ctrl+C.
 *
 * What a flag's value must be is checked by the server, whose errors name its options; here they get
 * the names of the flags. No key is ever printed.
 */
import { readFileSync } from 'node:fs';
import { lostWith } from '../app/lost.js';
import {
  isLoopback,
  isTemporalServerError,
  type ServerEvent,
  startTemporalServer,
  type TemporalServer,
  type TemporalServerError,
  type TemporalServerOptions,
} from '../temporal-server/index.js';
import { ExitCode } from './exit-codes.js';
import { untilSignal } from './signals.js';
import { complain, say } from './terminal.js';

export interface ServerFlags {
  readonly ip: string;
  readonly port: string;
  readonly namespace: readonly string[];
  readonly searchAttribute: readonly string[];
  readonly dbFilename?: string;
  readonly skipTime?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly apiKey?: string;
  readonly apiKeyEnv?: string;
  readonly insecure?: boolean;
  readonly metricsPort?: string;
  readonly logLevel: string;
  readonly json?: boolean;
}

/** What is wrong with the flags. */
class UsageError extends Error {}

/** @param onServing - told when the server is up */
export async function serve(flags: ServerFlags, onServing: () => void): Promise<number> {
  const signal = untilSignal();
  let server: TemporalServer;
  try {
    server = await startTemporalServer(optionsOf(flags));
  } catch (thrown) {
    return refused(thrown, flags);
  }
  const { address, metricsUrl } = server;
  if (flags.json) process.stdout.write(`${JSON.stringify({ address, metricsUrl })}\n`);
  else announce(server, flags.dbFilename);
  warnOfOpenDoors(flags);
  onServing();
  const code = await signal;
  const lost = flags.dbFilename === undefined ? lostWith(server.openWorkflows()) : undefined;
  await server.close();
  if (lost !== undefined) say(lost);
  return code;
}

function announce({ address, metricsUrl }: TemporalServer, file = 'memory'): void {
  say(`Temporal server listening on ${address} (data is kept in ${file}). Ctrl+C stops it.`);
  if (metricsUrl !== undefined) say(`Metrics at ${metricsUrl}.`);
}

function warnOfOpenDoors({ ip, tlsCert, tlsClientCa, apiKey, apiKeyEnv }: ServerFlags): void {
  if (isLoopback(ip)) return;
  const key = apiKey ?? apiKeyEnv;
  if (!key && !tlsClientCa) complain(`--insecure: whoever reaches ${ip} can use this server`);
  else if (!tlsCert)
    complain('the API key crosses the network unencrypted', 'add --tls-cert and --tls-key');
}

function refused(thrown: unknown, flags: ServerFlags): number {
  if (thrown instanceof UsageError) {
    complain(thrown.message);
    return ExitCode.USAGE;
  }
  if (!isTemporalServerError(thrown)) throw thrown;
  complain(inFlags(thrown, flags));
  const usage = thrown.kind === 'INVALID' || thrown.kind === 'INSECURE';
  return usage ? ExitCode.USAGE : ExitCode.ERROR;
}

/** What the server says about an option, about the flag that gave it. */
function inFlags(error: TemporalServerError, flags: ServerFlags): string {
  const { kind, option, message } = error;
  if (kind === 'INSECURE') return `--ip ${flags.ip}: ${OPEN_DOOR}`;
  const [outer = ''] = option.split('.');
  const flag = option === 'apiKey' ? apiKeyFlag(flags) : FLAGS[option];
  if (flag === undefined) return FLAGS[outer] ? `${FLAGS[outer]}: ${message}` : message;
  const own = `${option}: `;
  return `${flag}: ${message.startsWith(own) ? message.slice(own.length) : message}`;
}

const OPEN_DOOR =
  'other machines reach it, and nothing keeps them out. Give --api-key-env, or --tls-client-ca with ' +
  '--tls-cert and --tls-key; or --insecure, where the network itself keeps them out';

function apiKeyFlag({ apiKeyEnv }: ServerFlags): string {
  return apiKeyEnv === undefined ? '--api-key' : `--api-key-env ${apiKeyEnv}`;
}

/** The flags by the options that they become. */
const FLAGS: { readonly [option: string]: string } = {
  host: '--ip',
  port: '--port',
  namespaces: '--namespace',
  searchAttributes: '--search-attribute',
  'tls.cert': '--tls-cert',
  'tls.key': '--tls-key',
  'tls.clientCa': '--tls-client-ca',
  tls: '--tls-cert, --tls-key',
  metricsPort: '--metrics-port',
  dbFilename: '--db-filename',
};

function optionsOf(flags: ServerFlags): TemporalServerOptions {
  const tls = tlsOf(flags);
  const apiKey = apiKeyOf(flags);
  return {
    host: flags.ip,
    port: numberOf('--port', flags.port),
    namespaces: [...new Set(['default', ...flags.namespace])],
    searchAttributes: Object.fromEntries(flags.searchAttribute.map(attributeOf)),
    timeSkipping: flags.skipTime ?? false,
    insecure: flags.insecure ?? false,
    onEvent: logged(flags.logLevel),
    ...(flags.dbFilename !== undefined && { dbFilename: flags.dbFilename }),
    ...(tls && { tls }),
    ...(apiKey !== undefined && { apiKey }),
    ...(flags.metricsPort !== undefined && {
      metricsPort: numberOf('--metrics-port', flags.metricsPort),
    }),
  };
}

function numberOf(flag: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`${flag} ${text}: expected a whole number from 0 to 65535`);
}

function attributeOf(text: string): [string, never] {
  const [, name, type] = /^([^=]+)=(\w+)$/.exec(text) ?? [];
  if (name && type) return [name, type as never]; // the server knows the types
  throw new UsageError(`--search-attribute ${text}: expected NAME=TYPE, such as Customer=Keyword`);
}

function tlsOf({ tlsCert, tlsKey, tlsClientCa }: ServerFlags): TemporalServerOptions['tls'] {
  if (tlsCert === undefined && tlsKey === undefined && tlsClientCa === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new UsageError('TLS needs both --tls-cert and --tls-key');
  return {
    cert: pemOf('--tls-cert', tlsCert),
    key: pemOf('--tls-key', tlsKey),
    ...(tlsClientCa !== undefined && { clientCa: pemOf('--tls-client-ca', tlsClientCa) }),
  };
}

function pemOf(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new UsageError(`${flag} ${file}: ${(thrown as Error).message}`);
  }
}

function apiKeyOf({ apiKey, apiKeyEnv }: ServerFlags): string | undefined {
  if (apiKeyEnv === undefined) return apiKey;
  if (apiKey !== undefined)
    throw new UsageError('--api-key and --api-key-env: give only one of them');
  const key = process.env[apiKeyEnv];
  if (key) return key;
  throw new UsageError(`--api-key-env ${apiKeyEnv}: there is no such variable, or it is empty`);
}

/** Logs events of the server. The logger is loaded with the first event that is important enough. */
function logged(level: string): (event: ServerEvent) => void {
  const least = LEVELS.indexOf(level);
  let loading: ReturnType<typeof logger> | undefined;
  return (event) => {
    const { at, text, ...data } = lineOf(event);
    if (least < 0 || LEVELS.indexOf(at) < least) return;
    loading ??= logger(level);
    void loading.then((log) => log[at](data, text));
  };
}

const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error'];

async function logger(level: string) {
  const { createLogger } = await import('./log.js');
  const write = (text: string) => void process.stderr.write(`${text.trimEnd()}\n`);
  return createLogger({ level, pretty: process.stderr.isTTY, color: process.stderr.isTTY, write });
}

interface Line {
  readonly at: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
  readonly [field: string]: unknown;
}

function lineOf(event: ServerEvent): Line {
  switch (event.kind) {
    case 'listening':
      return { at: 'info', text: `listening on ${event.address}` };
    case 'closed':
      return { at: 'info', text: 'closed' };
    case 'runStarted': {
      const { kind: _, ...data } = event;
      return { at: 'debug', text: `${event.workflowType} ${event.workflowId} started`, ...data };
    }
    case 'runClosed': {
      const { kind: _, ...data } = event;
      return { at: 'debug', text: `${event.workflowId} closed: ${event.status}`, ...data };
    }
    case 'connectionRefused':
      return { at: 'warn', text: `a connection was refused: ${event.why}` };
    case 'defect': {
      const { stack, message } = event.error as Error;
      return { at: 'error', text: `${event.where} failed: ${message ?? event.error}`, stack };
    }
  }
}
