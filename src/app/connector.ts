/** How the clients of an app connect: where to, with whose credentials, to which namespace. */
import { ErrorKind, PerdureError } from '../core/errors.js';
import { connectTemporal, type TemporalClient } from '../hosts/temporal/index.js';
import type { EntryOf } from '../registry/index.js';
import type { Clock as ServerClock } from '../temporal-server/index.js';
import { type AddressPlan, planAddress } from './addresses.js';
import { credentialsFor, type EnvironmentProfile, environmentProfile } from './credentials.js';

/** A plan that leads to a server. */
export type Reachable = Exclude<AddressPlan, { readonly kind: 'refused' }>;

type ClientEntry = EntryOf<'temporal.client'>;

export interface ConnectorOptions {
  readonly env: { readonly [name: string]: string | undefined };
  /** `--address`. */
  readonly address: string | undefined;
  /** The clock to share with an embedded server; set when time is skipped. */
  readonly skippingClock: ServerClock | undefined;
}

export class Connector {
  private profile: EnvironmentProfile | undefined;

  constructor(private readonly options: ConnectorOptions) {}

  /** @throws PerdureError INVALID where what was asked for excludes each other. */
  plan(entry: ClientEntry): Reachable {
    const plan = planAddress({
      forced: this.options.address,
      declared: entry.address,
      environment: entry.address === null ? this.environment().address : undefined,
      embeddedAllowed: entry.embedded,
      skipTime: this.options.skippingClock !== undefined,
      production: this.options.env.NODE_ENV === 'production',
    });
    if (plan.kind !== 'refused') return plan;
    throw new PerdureError(ErrorKind.INVALID, `${entry.id}: ${plan.why}`);
  }

  /** Connects to `address`, which came of the plan. */
  async connect(entry: ClientEntry, plan: Reachable, address: string): Promise<TemporalClient> {
    const whose = plan.kind === 'own' ? 'none' : plan.credentials;
    return connectTemporal({
      ...(await credentialsFor(entry, address, whose, this.options.env)),
      address,
      namespace: this.namespaceOf(entry),
      connectionTimeoutMs: entry.connectionTimeoutMs,
      keepAliveTimeMs: entry.keepAliveTimeMs,
      keepAliveTimeoutMs: entry.keepAliveTimeoutMs,
    });
  }

  /** The environment's, like its address, is for a client that names neither. */
  namespaceOf({ temporalNamespace, address }: ClientEntry): string {
    if (temporalNamespace !== null) return temporalNamespace;
    const { address: forced, skippingClock } = this.options;
    const asked = address === null && forced === undefined && skippingClock === undefined;
    return (asked ? this.environment().namespace : undefined) ?? 'default';
  }

  private environment(): EnvironmentProfile {
    this.profile ??= environmentProfile(this.options.env);
    return this.profile;
  }
}
