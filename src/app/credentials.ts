/**
 * What a Temporal client shows its server: an API key, certificates, and where they come from. Errors name
 * the entry and the place of a credential, never the credential.
 */
import { readFile } from 'node:fs/promises';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { ErrorKind, PerdureError } from '../core/errors.js';
import type { TemporalTls } from '../hosts/temporal/index.js';
import type { EntryOf, SecretSource } from '../registry/index.js';
import { type Credentials, isLoopback } from './addresses.js';

type ClientEntry = EntryOf<'temporal.client'>;
type Env = { readonly [name: string]: string | undefined };

export interface Shown {
  readonly apiKey?: string;
  /** Left out: no TLS. */
  readonly tls?: TemporalTls;
}

/** What `TEMPORAL_*` variables and the profile of `temporal.toml` say. */
export interface EnvironmentProfile extends Shown {
  readonly address: string | undefined;
  readonly namespace: string | undefined;
}

/** @throws PerdureError INVALID where the profile cannot be read. */
export function environmentProfile(env: Env): EnvironmentProfile {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  let config: ClientConnectConfig;
  try {
    config = loadClientConnectConfig({ overrideEnvVars });
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new PerdureError(
      ErrorKind.INVALID,
      `the environment's Temporal profile (TEMPORAL_* variables, temporal.toml) cannot be used: ${why}`,
      { cause: thrown },
    );
  }
  const { address, apiKey, tls } = config.connectionOptions;
  return {
    address,
    namespace: config.namespace,
    ...(typeof apiKey === 'string' && { apiKey }),
    ...(tls !== undefined && tls !== null && tls !== false && { tls: environmentTls(tls) }),
  };
}

function environmentTls(tls: object | boolean): TemporalTls {
  if (typeof tls !== 'object') return {};
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

/**
 * What the client shows at `address`: credentials go nowhere but where they were given for.
 * @throws PerdureError INVALID for a file or a variable that is not there, or an API key that would go in
 *   the open to another machine.
 */
export async function credentialsFor(
  entry: ClientEntry,
  address: string,
  whose: Credentials,
  env: Env,
): Promise<Shown> {
  if (whose === 'none') return {};
  if (whose === 'environment') {
    const { apiKey, tls } = environmentProfile(env);
    return checked(entry, address, { ...(apiKey && { apiKey }), ...(tls && { tls }) });
  }
  const { auth, tls } = entry;
  const apiKey =
    auth.kind === 'api_key' ? { apiKey: await reveal(entry, 'auth.api_key', auth.key, env) } : {};
  if (tls === 'off') return checked(entry, address, apiKey);
  if (auth.kind === 'none' && tls === null) return {};
  const settings: TemporalTls = {
    ca: tls?.caFile == null ? undefined : await read(entry, 'tls.ca_file', tls.caFile),
    serverName: tls?.serverName ?? undefined,
    ...(auth.kind === 'mtls' && {
      cert: Buffer.from(await reveal(entry, 'auth.cert', auth.cert, env)),
      key: Buffer.from(await reveal(entry, 'auth.key', auth.key, env)),
    }),
  };
  return { ...apiKey, tls: settings };
}

function checked(entry: ClientEntry, address: string, shown: Shown): Shown {
  if (shown.apiKey === undefined || shown.tls !== undefined || isLoopback(address)) return shown;
  throw new PerdureError(
    ErrorKind.INVALID,
    `${entry.id}: without TLS its API key would go to ${address} in the open; use TLS ` +
      '(tls.enabled, TEMPORAL_TLS)',
  );
}

async function reveal(
  entry: ClientEntry,
  field: string,
  source: SecretSource,
  env: Env,
): Promise<string> {
  switch (source.kind) {
    case 'value':
      return source.secret.reveal();
    case 'file': {
      const text = (await read(entry, `${field}_file`, source.path)).toString('utf8').trim();
      if (text !== '') return text;
      throw new PerdureError(
        ErrorKind.INVALID,
        `${entry.id}: ${field}_file is empty: ${source.path}`,
      );
    }
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

async function read(entry: ClientEntry, field: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    const why = (thrown as NodeJS.ErrnoException).code ?? String(thrown);
    throw new PerdureError(
      ErrorKind.INVALID,
      `${entry.id}: cannot read ${field} ${path} (${why})`,
      { cause: thrown },
    );
  }
}
