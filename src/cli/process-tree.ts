/** The processes that a node reported, as a tree: who started whom, and how each ended. */
import type { Value } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import type { ExitResult } from '../core/signal.js';
import type { NodeEvent } from '../runtime/events.js';
import { readable } from './envelope.js';

export type TreeStatus = 'running' | 'done' | 'failed';

export interface TreeProcess {
  readonly pid: Pid;
  readonly entry: string;
  readonly parent: Pid | null;
  readonly status: TreeStatus;
  /** What it returned, or why it failed; `null` while it runs and where there is nothing to say. */
  readonly outcome: string | null;
}

/** Ended processes that are kept for the picture; older ones are forgotten first. */
const KEPT = 200;

/** Longest value that is shown, in characters. */
const BRIEF = 80;

export class ProcessTree {
  private readonly processes = new Map<Pid, TreeProcess>();

  note(event: NodeEvent): void {
    if (event.kind === 'spawned') {
      const { pid, entry, parent } = event;
      this.processes.set(pid, { pid, entry, parent, status: 'running', outcome: null });
    } else if (event.kind === 'exited') {
      this.ended(event.pid, event.result);
    }
  }

  /** One line a process, children under their parents. */
  lines(paint: Paint): string[] {
    const lines: string[] = [];
    const roots = [...this.processes.values()].filter(
      ({ parent }) => parent === null || !this.processes.has(parent),
    );
    for (const root of roots) this.branch(root, '', '', paint, lines);
    return lines;
  }

  private branch(node: TreeProcess, lead: string, below: string, paint: Paint, to: string[]): void {
    to.push(`${lead}${paint(node.status, line(node))}`);
    const children = [...this.processes.values()].filter(({ parent }) => parent === node.pid);
    children.forEach((child, i) => {
      const last = i === children.length - 1;
      const next = `${below}${last ? '   ' : '│  '}`;
      this.branch(child, `${below}${last ? '└─ ' : '├─ '}`, next, paint, to);
    });
  }

  private ended(pid: Pid, { value, error }: ExitResult): void {
    const known = this.processes.get(pid);
    if (known === undefined) return;
    const outcome = error?.text ?? (value === null ? null : brief(value));
    this.processes.set(pid, { ...known, status: error === null ? 'done' : 'failed', outcome });
    if (this.processes.size > KEPT) this.forgetOldest();
  }

  private forgetOldest(): void {
    for (const [pid, { status }] of this.processes) {
      if (status === 'running') continue;
      this.processes.delete(pid);
      return;
    }
  }
}

/** Colours a line by its status, or leaves it as it is. */
export type Paint = (status: TreeStatus, text: string) => string;

const MARKS: { readonly [S in TreeStatus]: string } = { running: '●', done: '✓', failed: '✗' };

function line({ pid, entry, status, outcome }: TreeProcess): string {
  const text = `${MARKS[status]} ${entry}  ${pid}`;
  return outcome === null ? text : `${text}  ${outcome}`;
}

/** A value in one line that leaves room for others. */
function brief(value: Value): string {
  const text = JSON.stringify(readable(value));
  return text.length > BRIEF ? `${text.slice(0, BRIEF - 1)}…` : text;
}
