/** Temporal servers as specs choose between them; `bench/support/servers.ts` starts them. */
import { describe } from '@jest/globals';
import {
  type ServerProcess,
  startEmbedded,
  startReal,
  temporalBinary,
} from '../../bench/support/servers.js';

export {
  freePort,
  type ServerProcess,
  startReal,
  temporalBinary,
} from '../../bench/support/servers.js';

/** A server under test: what it is called, and how it is started. */
export interface ServerKind {
  readonly name: string;
  start(): Promise<ServerProcess>;
}

export const EMBEDDED: ServerKind = { name: 'the embedded server', start: startEmbedded };
export const REAL: ServerKind = {
  name: 'temporal server start-dev',
  start: () => startReal(),
};

/** `describe` for what needs the `temporal` command: in CI its absence is a failure, not a skip. */
export const describeWithTemporal =
  temporalBinary() !== null || process.env.CI !== undefined ? describe : describe.skip;
