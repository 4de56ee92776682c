/**
 * Topology: who monitors and who is linked to whom, as far as this node knows. It decides who is told
 * of an exit and returns that as data; the node does the telling.
 *
 * Invariants (docs/semantics.md, rules 4 and 5):
 * 1. A monitor gives one EXIT, however often it was asked for; an exit removes it.
 * 2. A link stands on both sides or on neither.
 * 3. A process that has exited stands nowhere.
 */
import type { Pid } from '../core/pid.js';
import type { ExitResult, Signal } from '../core/signal.js';

export interface Notice {
  readonly to: Pid;
  readonly signal: Signal;
}

export class Topology {
  /** Watched process → its watchers. */
  private readonly watchers = new Map<Pid, Set<Pid>>();
  /** Watcher → what it watches: so that its own exit forgets them. */
  private readonly watched = new Map<Pid, Set<Pid>>();
  private readonly links = new Map<Pid, Set<Pid>>();

  monitor(watcher: Pid, target: Pid): void {
    add(this.watchers, target, watcher);
    add(this.watched, watcher, target);
  }

  /** False where there was no such monitor. */
  unmonitor(watcher: Pid, target: Pid): boolean {
    remove(this.watched, watcher, target);
    return remove(this.watchers, target, watcher);
  }

  link(a: Pid, b: Pid): void {
    add(this.links, a, b);
    add(this.links, b, a);
  }

  unlink(a: Pid, b: Pid): boolean {
    remove(this.links, b, a);
    return remove(this.links, a, b);
  }

  /** Whether anybody here waits to hear of `target`. */
  isWatched(target: Pid): boolean {
    return this.watchers.has(target) || this.links.has(target);
  }

  monitorsOf(pid: Pid): readonly Pid[] {
    return [...(this.watched.get(pid) ?? [])];
  }

  linksOf(pid: Pid): readonly Pid[] {
    return [...(this.links.get(pid) ?? [])];
  }

  /** `pid` ended: who must be told what. Every trace of it is gone afterwards. */
  exited(pid: Pid, result: ExitResult): Notice[] {
    const notices: Notice[] = [];
    for (const to of this.watchers.get(pid) ?? []) {
      notices.push({ to, signal: { kind: 'exit', from: pid, result } });
      remove(this.watched, to, pid);
    }
    for (const to of this.links.get(pid) ?? []) {
      if (result.error !== null) {
        notices.push({ to, signal: { kind: 'link_down', from: pid, result } });
      }
      remove(this.links, to, pid);
    }
    for (const target of this.watched.get(pid) ?? []) remove(this.watchers, target, pid);
    this.watchers.delete(pid);
    this.watched.delete(pid);
    this.links.delete(pid);
    return notices;
  }
}

function add(map: Map<Pid, Set<Pid>>, key: Pid, item: Pid): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([item]));
  else set.add(item);
}

function remove(map: Map<Pid, Set<Pid>>, key: Pid, item: Pid): boolean {
  const set = map.get(key);
  if (set === undefined) return false;
  const was = set.delete(item);
  if (set.size === 0) map.delete(key);
  return was;
}
