/** The processes that a node reported, as a tree: who started whom, and how each ended. */
import type { Pid } from '../core/pid.js';
import type { NodeEvent } from '../runtime/events.js';

export type TreeStatus = 'running' | 'done' | 'failed';

export interface TreeProcess {
  readonly pid: Pid;
  readonly entry: string;
  readonly parent: Pid | null;
  readonly status: TreeStatus;
  /** Why it failed; `null` otherwise. */
  readonly problem: string | null;
}

/** Ended processes that are kept for the picture; older ones are forgotten first. */
const KEPT = 200;

export class ProcessTree {
  private readonly processes = new Map<Pid, TreeProcess>();

  note(event: NodeEvent): void {
    if (event.kind === 'spawned') {
      const { pid, entry, parent } = event;
      this.processes.set(pid, { pid, entry, parent, status: 'running', problem: null });
    } else if (event.kind === 'exited') {
      this.ended(event.pid, event.result.error?.text ?? null);
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

  private ended(pid: Pid, problem: string | null): void {
    const known = this.processes.get(pid);
    if (known === undefined) return;
    this.processes.set(pid, { ...known, status: problem === null ? 'done' : 'failed', problem });
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

function line({ pid, entry, status, problem }: TreeProcess): string {
  const text = `${MARKS[status]} ${entry}  ${pid}`;
  return problem === null ? text : `${text}  ${problem}`;
}
