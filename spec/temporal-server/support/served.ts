/**
 * The server that a spec of the wire talks to: an embedded one of its own, or the one at
 * `PERDURE_TEST_ADDRESS`, so that the same spec says what a real server does.
 */
import { randomUUID } from 'node:crypto';
import {
  startTemporalServer,
  type TemporalServerOptions,
} from '../../../src/temporal-server/index.js';
import { ByHand } from './by-hand.js';
import { type RawClient, rawClient } from './raw.js';

export interface Served {
  readonly address: string;
  readonly client: RawClient;
  /** Workflows of the spec's own, with ids that no other run of it has. */
  readonly byHand: ByHand;
  close(): Promise<void>;
}

/** @param options - of the embedded server; a real one has to be started to match */
export async function serve(name: string, options: TemporalServerOptions = {}): Promise<Served> {
  const external = process.env.PERDURE_TEST_ADDRESS;
  const server = external ? undefined : await startTemporalServer({ port: 0, ...options });
  const address = external ?? server?.address ?? '';
  const client = rawClient(address);
  return {
    address,
    client,
    byHand: new ByHand(client, `${name}-${randomUUID().slice(0, 8)}`),
    async close() {
      client.close();
      await server?.close();
    },
  };
}
