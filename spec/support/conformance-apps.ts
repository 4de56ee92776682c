/**
 * The apps of a group of conformance specs. To start a worker takes far longer than most specs, so on a
 * durable host they share one app. Its programs are known before it starts: each spec is begun once while it
 * is declared, just to see which programs it asks for, and goes no further than that.
 */
import { it } from '@jest/globals';
import type { ConformanceApp, ConformanceHost } from './conformance.js';
import { type Bodies, commonSources, sourcesOf } from './conformance-programs.js';

export class SpecApps {
  /** Of each group of programs that is in the shared app, the prefix of their names. */
  private readonly groups = new Map<string, { readonly prefix: string; readonly bodies: Bodies }>();
  /** What a spec that is only begun has asked for. */
  private foreseeing: 'nothing' | 'its app' | null = null;
  private shared: Promise<ConformanceApp> | null = null;
  /** Apps that are a spec's own. */
  private readonly own: ConformanceApp[] = [];

  constructor(private readonly host: ConformanceHost) {}

  /** Begins a spec, up to where it has asked for its app. @throws Error where it does not, or waits first. */
  foresee(begin: () => unknown): void {
    if (!this.host.durable) return;
    this.foreseeing = 'nothing';
    void begin();
    const asked = this.foreseeing !== 'nothing';
    this.foreseeing = null;
    if (!asked) throw new Error('a conformance spec asks for its app before it waits for anything');
  }

  /** Starts the app that the specs share: what that takes is not taken from the first one's time. */
  async open(): Promise<void> {
    if (this.groups.size > 0) await this.theShared();
  }

  /** Never resolves while a spec is only begun. */
  start(bodies: Bodies): Promise<ConformanceApp> {
    const key = JSON.stringify(bodies);
    const group = this.groups.get(key);
    if (this.foreseeing !== null) {
      this.foreseeing = 'its app';
      if (!group) this.groups.set(key, { prefix: `spec${this.groups.size}_`, bodies });
      return new Promise(() => {});
    }
    return group ? this.shareOf(group.prefix) : this.startOwn(bodies);
  }

  async endOfSpec(): Promise<void> {
    await (await this.shared)?.endAll();
    await Promise.all(this.own.splice(0).map((app) => app.stop()));
  }

  async close(): Promise<void> {
    await (await this.shared)?.stop();
    await this.host.close();
  }

  private async startOwn(bodies: Bodies): Promise<ConformanceApp> {
    const { host } = this;
    const app = await host.start({ ...commonSources(host), ...sourcesOf(host, bodies, '') });
    this.own.push(app);
    return app;
  }

  /** The shared app to one spec: it finds its programs by the names that it gave them. */
  private async shareOf(prefix: string): Promise<ConformanceApp> {
    const app = await this.theShared();
    const groups = [...this.groups.values()];
    const bodies = groups.find((group) => group.prefix === prefix)?.bodies ?? {};
    const spawn: ConformanceApp['spawn'] = (program, ...args) =>
      app.spawn(program in bodies ? `${prefix}${program}` : program, ...args);
    return { ...app, spawn };
  }

  private theShared(): Promise<ConformanceApp> {
    this.shared ??= this.startShared();
    return this.shared;
  }

  private startShared(): Promise<ConformanceApp> {
    const { host } = this;
    const groups = [...this.groups.values()];
    const sources = groups.map(({ bodies, prefix }) => sourcesOf(host, bodies, prefix));
    return host.start(Object.assign({}, commonSources(host), ...sources));
  }
}

type Spec = (...args: readonly unknown[]) => Promise<unknown>;

/** `it` and `it.each`, which begin each spec once when it is declared. */
export function foreseen(apps: SpecApps): typeof it {
  const one = (name: string, spec: Spec, timeoutMs?: number) => {
    apps.foresee(() => spec());
    it(name, () => spec() as Promise<void>, timeoutMs);
  };
  const each = (rows: readonly unknown[]) => (name: string, spec: Spec, timeoutMs?: number) => {
    for (const row of rows) apps.foresee(() => spec(...(Array.isArray(row) ? row : [row])));
    it.each(rows as unknown[][])(
      name,
      (...args: unknown[]) => spec(...args) as Promise<void>,
      timeoutMs,
    );
  };
  return Object.assign(one, { each }) as unknown as typeof it;
}
