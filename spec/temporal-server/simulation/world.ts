/** What all actors of a simulation share. */
import type { HistoryEvent } from '../../../src/temporal-server/proto.js';
import type { Agenda } from './agenda.js';
import type { Ledger } from './ledger.js';
import { Disconnected, type Machine } from './machine.js';
import type { Random } from './random.js';

export interface World {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly machine: Machine;
  readonly ledger: Ledger;
  /** What all workers together remember of runs, for tasks from sticky queues. */
  readonly histories: Map<string, readonly HistoryEvent[]>;
  /** Workers lose and repeat answers, the disk fills up, the server crashes. */
  troubled: boolean;
  trace(line: string): void;
}

const RETRY_MS = 700;

/** The codes that leave open whether, or say that not yet. */
const UNAVAILABLE = 14;
const RESOURCE_EXHAUSTED = 8;

function codeOf(error: unknown): number | undefined {
  return (error as { readonly code?: number }).code;
}

function mayTryAgain(error: unknown): boolean {
  const code = codeOf(error);
  return error instanceof Disconnected || code === UNAVAILABLE || code === RESOURCE_EXHAUSTED;
}

/** Calls until the server has answered, one way or the other. */
async function insist<T>(world: World, method: string, request: object): Promise<T> {
  for (;;) {
    try {
      return await world.machine.call<T>(method, request);
    } catch (error) {
      if (!mayTryAgain(error)) throw error;
      await world.agenda.wait(RETRY_MS);
    }
  }
}

/** Calls of which the server may refuse: undefined then. */
export async function attempt<T>(
  world: World,
  method: string,
  request: object,
): Promise<T | undefined> {
  try {
    return await insist<T>(world, method, request);
  } catch (error) {
    if (codeOf(error) === undefined || codeOf(error) === INTERNAL) {
      world.ledger.violate(`${method} failed: ${String(error)}`);
      world.trace(String((error as Error).stack));
    }
    return undefined;
  }
}

const INTERNAL = 13;
