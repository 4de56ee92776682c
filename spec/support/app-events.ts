/** The events of an app as specs wait for them: pass `record` as its `onEvent`. */
import type { NodeEvent } from '../../src/runtime/events.js';

type Wanted = (event: NodeEvent) => boolean;

export class AppEvents {
  /** All that has happened so far. */
  readonly events: NodeEvent[] = [];
  private readonly waiting = new Set<(event: NodeEvent) => void>();

  readonly record = (event: NodeEvent): void => {
    this.events.push(event);
    for (const check of this.waiting) check(event);
  };

  /** Resolves when an event satisfies the condition, at once where one has. */
  readonly until = (wanted: Wanted): Promise<NodeEvent> =>
    new Promise((resolve) => {
      const check = (event: NodeEvent) => {
        if (!wanted(event)) return;
        this.waiting.delete(check);
        resolve(event);
      };
      this.waiting.add(check);
      this.events.forEach(check);
    });

  /** The states that a service has been through. */
  readonly states = (id: string): string[] =>
    this.events.flatMap((e) => (e.kind === 'service' && e.id === id ? [e.state] : []));
}

/** The service reached the state. */
export const reached =
  (id: string, state: string): Wanted =>
  (event) =>
    event.kind === 'service' && event.id === id && event.state === state;
