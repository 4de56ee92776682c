/** Registered names of one node. A name belongs to one process and is released when that exits. */
import type { Pid } from '../core/pid.js';

export class Names {
  private readonly pids = new Map<string, Pid>();
  private readonly owned = new Map<Pid, Set<string>>();

  /** False where the name is taken by another process. Registering one's own name again is fine. */
  register(name: string, pid: Pid): boolean {
    const owner = this.pids.get(name);
    if (owner !== undefined) return owner === pid;
    this.pids.set(name, pid);
    const names = this.owned.get(pid);
    if (names === undefined) this.owned.set(pid, new Set([name]));
    else names.add(name);
    return true;
  }

  lookup(name: string): Pid | undefined {
    return this.pids.get(name);
  }

  /** False where `pid` does not own the name. */
  unregister(name: string, pid: Pid): boolean {
    if (this.pids.get(name) !== pid) return false;
    this.pids.delete(name);
    this.owned.get(pid)?.delete(name);
    return true;
  }

  /** The process ended: all its names are free again. */
  release(pid: Pid): void {
    if (this.owned.size === 0) return; // most exits: a look into a map would hash the PID
    const names = this.owned.get(pid);
    if (names === undefined) return;
    for (const name of names) this.pids.delete(name);
    this.owned.delete(pid);
  }
}
