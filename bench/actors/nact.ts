/** The workloads on nact, the actor library for Node: its stateful actors, who take one message at a time. */
import { createRequire } from 'node:module';

interface Ref {
  readonly name: string;
}
type Handler = (state: undefined, message: Message, context: { readonly self: Ref }) => undefined;
interface Message {
  readonly from?: Ref;
  readonly to?: Ref;
  readonly n?: number;
}
interface Nact {
  start(): Ref;
  stop(ref: Ref): void;
  dispatch(ref: Ref, message: Message): void;
  spawn(parent: Ref, handler: Handler): Ref;
}

const { start, stop, dispatch, spawn } = createRequire(import.meta.url)('nact') as Nact;

/** Runs `body` in a system of its own until it says that it is done. */
async function inSystem(body: (system: Ref, done: () => void) => void): Promise<void> {
  const system = start();
  await new Promise<void>((done) => body(system, done));
  stop(system);
}

/** Round trips between two actors. */
export const pingPong = (n: number): Promise<void> =>
  inSystem((system, done) => {
    const pong = spawn(system, (_state, { from }, { self }) => {
      if (from !== undefined) dispatch(from, { from: self });
      return undefined;
    });
    let left = n;
    const ping = spawn(system, (_state, _message, { self }) => {
      if (left-- === 0) done();
      else dispatch(pong, { from: self });
      return undefined;
    });
    dispatch(ping, {});
  });

/** Spawns an actor, gets its reply, stops it, and again. */
export const spawnReplyExit = (n: number): Promise<void> =>
  inSystem((system, done) => {
    let left = n;
    const parent: Ref = spawn(system, (_state, { from }) => {
      if (from !== undefined) stop(from);
      if (left-- === 0) {
        done();
        return undefined;
      }
      const child = spawn(system, (_state, { to }, { self }) => {
        if (to !== undefined) dispatch(to, { from: self });
        return undefined;
      });
      dispatch(child, { to: parent });
      return undefined;
    });
    dispatch(parent, {});
  });

/** Many senders, one receiver. */
export const fanIn = (senders: number, each: number): Promise<void> =>
  inSystem((system, done) => {
    let left = senders * each;
    const receiver = spawn(system, () => {
      if (--left === 0) done();
      return undefined;
    });
    for (let s = 0; s < senders; s++) {
      const sender = spawn(system, () => {
        for (let i = 0; i < each; i++) dispatch(receiver, { n: i });
        return undefined;
      });
      dispatch(sender, {});
    }
  });
