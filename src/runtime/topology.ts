/**
 * Topology: who monitors and who is linked to whom, as far as this node knows. It decides who is told
 * of an exit and returns that as data; the node does the telling.
 *
 * Invariants (docs/semantics.md, rules 4 and 5):
 * 1. A monitor gives one EXIT, however often it was asked for; an exit removes it.
 * 2. A link stands on both sides or on neither.
 * 3. A process that has exited stands nowhere.
 */
import { copyValue } from '../core/payload.js';
import type { Pid } from '../core/pid.js';
import type { ExitResult, Signal } from '../core/signal.js';

export interface Notice {
  readonly to: Pid;
  readonly signal: Signal;
}

export class Topology {
  /** Watched process → its watchers. */
  private readonly watchers = new Map<Pid, OneOrMany>();
  /** Watcher → what it watches: so that its own exit forgets them. */
  private readonly watched = new Map<Pid, OneOrMany>();
  private readonly links = new Map<Pid, OneOrMany>();

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
    return all(this.watched.get(pid));
  }

  linksOf(pid: Pid): readonly Pid[] {
    return all(this.links.get(pid));
  }

  /** `pid` ended: who must be told what. Every trace of it is gone afterwards. */
  exited(pid: Pid, result: ExitResult): readonly Notice[] {
    const watchers = this.watchers.get(pid);
    const links = this.links.get(pid);
    const watched = this.watched.get(pid);
    if (watchers === undefined && links === undefined && watched === undefined) return NOBODY;
    const notices: Notice[] = [];
    for (const to of all(watchers)) {
      // Two processes never share a table: the second watcher and later ones get copies of what was returned.
      const own = notices.length === 0 ? result : copyOf(result);
      notices.push({ to, signal: { kind: 'exit', from: pid, result: own } });
      remove(this.watched, to, pid);
    }
    for (const to of all(links)) {
      // A normal end only removes the link, which the other side may keep a record of.
      const down = result.error !== null;
      notices.push({
        to,
        signal: down ? { kind: 'link_down', from: pid, result } : { kind: 'unlink', from: pid },
      });
      remove(this.links, to, pid);
    }
    for (const target of all(watched)) remove(this.watchers, target, pid);
    this.watchers.delete(pid);
    this.watched.delete(pid);
    this.links.delete(pid);
    return notices;
  }
}

function copyOf(result: ExitResult): ExitResult {
  const { value } = result;
  if (typeof value !== 'object' || value === null) return result;
  return { value: copyValue(value, 'result'), error: result.error };
}

const NOBODY: readonly Notice[] = Object.freeze([]);

/** Most processes have one watcher, if any: that needs no Set. */
type OneOrMany = Pid | Set<Pid>;

function add(map: Map<Pid, OneOrMany>, key: Pid, item: Pid): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, item);
  else if (typeof known !== 'string') known.add(item);
  else if (known !== item) map.set(key, new Set([known, item]));
}

function remove(map: Map<Pid, OneOrMany>, key: Pid, item: Pid): boolean {
  const known = map.get(key);
  if (known === undefined) return false;
  if (typeof known === 'string') return known === item && map.delete(key);
  const was = known.delete(item);
  if (known.size === 0) map.delete(key);
  return was;
}

function all(known: OneOrMany | undefined): readonly Pid[] {
  if (known === undefined) return [];
  return typeof known === 'string' ? [known] : [...known];
}
