/**
 * A client program that is the same for every Temporal server, and what comes of it.
 *
 * An outcome is plain data without anything of its moment: what differs from run to run is masked when it
 * is seen (mask.ts), so that two outcomes are equal where two servers behave alike.
 */
import type { World } from './world.js';

export type Plain =
  | string
  | number
  | boolean
  | null
  | readonly Plain[]
  | { readonly [name: string]: Plain };

export type Outcome = { readonly [name: string]: Plain };

export interface Program {
  /** What it does, in a few words; unique among those of its subject. */
  readonly name: string;
  run(world: World): Promise<Outcome>;
}

/** Programs about one part of the protocol. */
export interface Subject {
  readonly name: string;
  /** One at a time: the server has room for no more. */
  readonly inTurn: boolean;
  readonly programs: readonly Program[];
}

/** @param programs - by their names */
export function subject(
  name: string,
  programs: { readonly [name: string]: Program['run'] },
  { inTurn }: { readonly inTurn: boolean } = { inTurn: false },
): Subject {
  return {
    name,
    inTurn,
    programs: Object.entries(programs).map(([each, run]) => ({ name: each, run })),
  };
}
