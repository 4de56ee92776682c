/** What a benchmark says: one JSON line a figure, and a table for people at the end. */

/** Who was measured. `peer` is what perdure is compared with, in the same run on the same machine. */
export type Who = 'perdure-ts' | 'perdure-lua' | 'peer' | 'nact' | 'erlang';

interface FigureBase {
  readonly bench: string;
  /** What was done, in words. */
  readonly work: string;
  readonly who: Who;
  /** How often it was done. */
  readonly n: number;
}

export type Figure = FigureBase &
  ({ readonly per_s: number } | { readonly ms: number } | { readonly bytes: number });

/** What a figure should be: a bound in its own unit, or as a multiple of the peer's for the same work. */
export interface Goal {
  readonly work: string;
  readonly who: Who;
  readonly atLeastPeers?: number;
  readonly atMostPeers?: number;
  /** Whose figure that is a multiple of; default `peer`. */
  readonly peer?: Who;
  /** For which work; default the same. */
  readonly peerWork?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Benchmark {
  readonly name: string;
  readonly about: string;
  readonly goals: readonly Goal[];
  run(report: Report): Promise<void>;
}

/** Takes figures as they come. */
export type Report = (figure: Omit<FigureBase, 'bench'> & Measure) => void;
export type Measure = { per_s: number } | { ms: number } | { bytes: number };

const UNITS = { per_s: '/s', ms: ' ms', bytes: ' bytes' } as const;

function measured(figure: Figure): { value: number; unit: string } {
  if ('per_s' in figure) return { value: figure.per_s, unit: UNITS.per_s };
  if ('ms' in figure) return { value: figure.ms, unit: UNITS.ms };
  return { value: figure.bytes, unit: UNITS.bytes };
}

/** Rounded so that a reader sees what the measurement can bear. */
export function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

export function table(figures: readonly Figure[], goals: readonly Goal[]): string {
  const rows = figures.map((figure) => {
    const { value, unit } = measured(figure);
    const verdict = goals
      .filter(({ work, who }) => work === figure.work && who === figure.who)
      .map((goal) => verdictOf(goal, figure, figures));
    return [figure.work, figure.who, `${value}${unit}`, `n=${figure.n}`, verdict.join('; ')];
  });
  const widths = [0, 1, 2, 3].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

function verdictOf(goal: Goal, figure: Figure, all: readonly Figure[]): string {
  const { value, unit } = measured(figure);
  if (goal.atMost !== undefined) {
    return `${met(value <= goal.atMost)}: at most ${goal.atMost}${unit}`;
  }
  if (goal.atLeast !== undefined) {
    return `${met(value >= goal.atLeast)}: at least ${goal.atLeast}${unit}`;
  }
  const { peer: name = 'peer', peerWork = figure.work } = goal;
  const peer = all.find(({ work, who }) => work === peerWork && who === name);
  if (peer === undefined) return '';
  const { atLeastPeers = Number.NEGATIVE_INFINITY, atMostPeers = Number.POSITIVE_INFINITY } = goal;
  const times = value / measured(peer).value;
  const good = times >= atLeastPeers && times <= atMostPeers;
  const bound = goal.atMostPeers === undefined ? goal.atLeastPeers : `at most ${atMostPeers}`;
  return `${met(good)}: ${times.toFixed(2)} of ${name === 'peer' ? 'the peer' : name}, goal ${bound}`;
}

const met = (yes: boolean): string => (yes ? 'met' : 'MISSED');
