/**
 * The living processes of a local host, found by the number in their PID. A table of slots rather than a
 * Map: spawn and exit are all it does, and a Map that shrinks as often as it grows is rebuilt all the time.
 *
 * Invariants:
 * 1. The process with number n stands in slot n modulo the size; an id whose slot is taken is skipped.
 * 2. Ids grow and are never used twice. At most half of the slots are taken.
 */
import type { Pid } from '../../core/pid.js';
import type { LocalProcess } from './local-process.js';

const FIRST_SIZE = 64;

export class ProcessTable {
  size = 0;
  private slots: (LocalProcess | undefined)[] = new Array(FIRST_SIZE).fill(undefined);
  private lastId = 0;

  /** @param prefix what the PIDs begin with: `{node@host|`. */
  constructor(private readonly prefix: string) {}

  /** A number nobody has had. */
  nextId(): number {
    if (this.size * 2 >= this.slots.length) this.grow();
    do this.lastId++;
    while (this.slots[this.lastId & (this.slots.length - 1)] !== undefined);
    return this.lastId;
  }

  pidOf(id: number): Pid {
    return `${this.prefix}${id}}`;
  }

  /** Under the id that {@link nextId} gave last. */
  add(process: LocalProcess): void {
    this.slots[process.id & (this.slots.length - 1)] = process;
    this.size++;
  }

  get(pid: Pid): LocalProcess | undefined {
    const process = this.slots[this.idOf(pid) & (this.slots.length - 1)];
    return process !== undefined && process.pid === pid ? process : undefined;
  }

  delete(process: LocalProcess): void {
    this.slots[process.id & (this.slots.length - 1)] = undefined;
    this.size--;
  }

  /** All of them, oldest first. */
  toArray(): LocalProcess[] {
    const all = this.slots.filter((process) => process !== undefined);
    return all.sort((a, b) => a.id - b.id);
  }

  /** The number at the end of a PID; of any other text, some number. */
  private idOf(pid: Pid): number {
    let id = 0;
    for (let i = this.prefix.length; i < pid.length - 1; i++) id = id * 10 + pid.charCodeAt(i) - 48;
    return id;
  }

  /** Numbers that differ modulo the size differ modulo twice the size: each finds a slot of its own. */
  private grow(): void {
    const old = this.slots;
    this.slots = new Array(old.length * 2).fill(undefined);
    for (const process of old) {
      if (process !== undefined) {
        this.slots[process.id & (this.slots.length - 1)] = process;
      }
    }
  }
}
