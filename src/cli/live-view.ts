/**
 * The live list of processes at the foot of a terminal. Log lines are printed above it; the list is
 * drawn anew at most ten times a second.
 */
import type pc from 'picocolors';
import type { NodeEvent } from '../runtime/events.js';
import { type Paint, ProcessTree } from './process-tree.js';

/** The functions that colour text, or leave it as it is. */
export type Colors = ReturnType<typeof pc.createColors>;

export interface LiveViewOptions {
  readonly colors: Colors;
  readonly write: (text: string) => void;
  readonly columns: () => number;
  readonly rows: () => number;
}

const REDRAW_MS = 100;

const painter =
  ({ cyan, green, red }: Colors): Paint =>
  (status, text) =>
    status === 'running' ? cyan(text) : status === 'done' ? green(text) : red(text);

export class LiveView {
  private readonly tree = new ProcessTree();
  private drawn = 0;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: LiveViewOptions) {}

  note(event: NodeEvent): void {
    if (this.closed || (event.kind !== 'spawned' && event.kind !== 'exited')) return;
    this.tree.note(event);
    this.timer ??= setTimeout(() => this.draw(), REDRAW_MS);
  }

  /** Prints `text`, which ends a line, above the list. */
  print(text: string): void {
    if (this.closed) {
      this.options.write(text);
      return;
    }
    this.erase();
    this.options.write(text);
    this.draw();
  }

  /** Leaves the list as it stands and draws no more; what is printed from now on comes after it. */
  close(): void {
    if (this.closed) return;
    this.draw();
    this.closed = true;
  }

  private erase(): void {
    if (this.drawn > 0) this.options.write(`\x1b[${this.drawn}A\x1b[0J`);
    this.drawn = 0;
  }

  private draw(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.erase();
    const all = this.tree.lines((_, text) => text);
    const colored = this.tree.lines(painter(this.options.colors));
    const room = Math.max(1, this.options.rows() - 2);
    const shown = colored.slice(-room).map((text, i) => {
      const bare = all[all.length - Math.min(room, all.length) + i] ?? '';
      return bare.length < this.options.columns()
        ? text
        : bare.slice(0, this.options.columns() - 1);
    });
    if (shown.length > 0) this.options.write(`${shown.join('\n')}\n`);
    this.drawn = shown.length;
  }
}
