/** `temporal.client`: a connection to a Temporal server. */
import { z } from 'zod';
import type { ClientAuth, ClientTls, TemporalClientEntry } from '../entry.js';
import type { Secret, SecretSource } from '../secret.js';
import { commonFields, defaultMs, duration, secret, text } from './fields.js';
import { type BuildContext, defineKind } from './kind.js';
import { lifecycle, toLifecycle } from './lifecycle.js';

const CONNECTION_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_TIME_MS = 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 10_000;
const HEALTH_INTERVAL_MS = 10_000;

// Own messages: the usual ones show what was found, and here that may be a secret in the wrong place.
const auth = z.strictObject(
  {
    type: z.enum(['none', 'api_key', 'mtls'], { error: 'expected none, api_key or mtls' }),
    api_key: secret.optional(),
    api_key_env: text.optional(),
    api_key_file: text.optional(),
    cert_pem: secret.optional(),
    cert_pem_env: text.optional(),
    cert_file: text.optional(),
    key_pem: secret.optional(),
    key_pem_env: text.optional(),
    key_file: text.optional(),
  },
  { error: 'expected a map with a type: none, api_key or mtls' },
);

const tls = z.strictObject({
  enabled: z.boolean().optional().describe('Default true.'),
  ca_file: text.optional(),
  server_name: text.optional(),
});

const healthCheck = z.strictObject({
  enabled: z.boolean().optional().describe('Default true.'),
  interval: duration.optional().describe(defaultMs(HEALTH_INTERVAL_MS)),
});

const client = z.strictObject({
  ...commonFields('temporal.client'),
  address: text
    .optional()
    .describe('host:port. Without one the embedded server is used, or a profile of this machine.'),
  namespace: text.optional().describe('Namespace on the server. Default "default".'),
  embedded: z
    .boolean()
    .optional()
    .describe('Whether the embedded server may stand in. Default true.'),
  connection_timeout: duration.optional().describe(defaultMs(CONNECTION_TIMEOUT_MS)),
  keep_alive_time: duration.optional().describe(defaultMs(KEEP_ALIVE_TIME_MS)),
  keep_alive_timeout: duration.optional().describe(defaultMs(KEEP_ALIVE_TIMEOUT_MS)),
  tq_prefix: z.string().optional().describe("Put in front of the names of nodes' own task queues."),
  api_key: secret.optional().describe('The same as auth with type api_key.'),
  auth: auth.optional(),
  tls: tls.optional(),
  health_check: healthCheck.optional(),
  lifecycle: lifecycle.optional(),
});

type RawClient = z.output<typeof client>;

export const temporalClient = defineKind(client, toClient);

function toClient(raw: RawClient, context: BuildContext): TemporalClientEntry {
  return {
    ...context.base,
    kind: 'temporal.client',
    address: raw.address ?? null,
    temporalNamespace: raw.namespace ?? null,
    embedded: raw.embedded ?? true,
    connectionTimeoutMs: raw.connection_timeout ?? CONNECTION_TIMEOUT_MS,
    keepAliveTimeMs: raw.keep_alive_time ?? KEEP_ALIVE_TIME_MS,
    keepAliveTimeoutMs: raw.keep_alive_timeout ?? KEEP_ALIVE_TIMEOUT_MS,
    taskQueuePrefix: raw.tq_prefix ?? '',
    auth: toAuth(raw, context),
    tls: toTls(raw, context),
    healthCheck: {
      enabled: raw.health_check?.enabled ?? true,
      intervalMs: Math.max(raw.health_check?.interval ?? HEALTH_INTERVAL_MS, 1),
    },
    lifecycle: toLifecycle(raw.lifecycle, context),
  };
}

type RawAuth = z.output<typeof auth>;

function toAuth(
  raw: { readonly api_key?: Secret | undefined; readonly auth?: RawAuth | undefined },
  context: BuildContext,
): ClientAuth {
  const shorthand = raw.api_key;
  if (raw.auth !== undefined && shorthand !== undefined) {
    context.problem(['api_key'], 'is given together with auth', 'keep one of the two');
  }
  if (shorthand !== undefined) {
    return { kind: 'api_key', key: { kind: 'value', secret: shorthand } };
  }
  const given = raw.auth;
  switch (given?.type) {
    case 'api_key': {
      const key = secretSource(given, ['api_key', 'api_key_env', 'api_key_file'], context);
      return key === undefined ? { kind: 'none' } : { kind: 'api_key', key };
    }
    case 'mtls': {
      const cert = secretSource(given, ['cert_pem', 'cert_pem_env', 'cert_file'], context);
      const key = secretSource(given, ['key_pem', 'key_pem_env', 'key_file'], context);
      return cert === undefined || key === undefined
        ? { kind: 'none' }
        : { kind: 'mtls', cert, key };
    }
    default:
      return { kind: 'none' };
  }
}

type ValueField = 'api_key' | 'cert_pem' | 'key_pem';
type EnvField = 'api_key_env' | 'cert_pem_env' | 'key_pem_env';
type FileField = 'api_key_file' | 'cert_file' | 'key_file';

/** The one of three fields that is given; none, or more than one, is a problem. */
function secretSource(
  raw: RawAuth,
  fields: readonly [ValueField, EnvField, FileField],
  context: BuildContext,
): SecretSource | undefined {
  const [value, env, file] = fields;
  const given = fields.filter((field) => raw[field] !== undefined);
  if (given.length !== 1) {
    const what = given.length === 0 ? 'needs' : 'has more than';
    context.problem(['auth'], `type ${raw.type} ${what} one of ${fields.join(', ')}`);
  }
  if (raw[value] !== undefined) return { kind: 'value', secret: raw[value] };
  if (raw[env] !== undefined) return { kind: 'env', name: raw[env] };
  if (raw[file] !== undefined) return { kind: 'file', path: context.filePath(raw[file]) };
  return undefined;
}

function toTls(
  { tls: raw, auth: given }: RawClient,
  context: BuildContext,
): ClientTls | 'off' | null {
  if (raw === undefined) return null;
  if (raw.enabled === false) {
    if (given?.type === 'mtls') {
      context.problem(
        ['tls', 'enabled'],
        'is false, and auth has type mtls',
        'drop one of the two',
      );
    }
    return 'off';
  }
  return {
    caFile: raw.ca_file === undefined ? null : context.filePath(raw.ca_file),
    serverName: raw.server_name ?? null,
  };
}
