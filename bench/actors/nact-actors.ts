/** The workloads on nact, the actor library for Node: its stateful actors, who take one message at a time. */
import { dispatch, type Ref, spawn, start, stop } from 'nact';

interface Message {
  readonly from?: Actor;
  readonly to?: Actor;
  readonly n?: number;
}

type Actor = Ref<Message>;
// biome-ignore lint/suspicious/noExplicitAny: nact's types say no more of its system
type System = any;

/** Runs `body` in a system of its own until it says that it is done. */
async function inSystem(body: (system: System, done: () => void) => void): Promise<void> {
  const system: System = start();
  await new Promise<void>((done) => body(system, done));
  stop(system);
}

/** A stateful actor that only does something with its messages. */
function actor(system: System, on: (message: Message, self: Actor) => void): Actor {
  return spawn(system, (state: undefined, message: Message, { self }: { self: Actor }) => {
    on(message, self);
    return state;
  });
}

/** Round trips between two actors. */
export const pingPong = (n: number): Promise<void> =>
  inSystem((system, done) => {
    const pong = actor(system, ({ from }, self) => {
      if (from !== undefined) dispatch(from, { from: self });
    });
    let left = n;
    const ping = actor(system, (_message, self) => {
      if (left-- === 0) done();
      else dispatch(pong, { from: self });
    });
    dispatch(ping, {});
  });

/** Spawns an actor, gets its reply, stops it, and again. */
export const spawnReplyExit = (n: number): Promise<void> =>
  inSystem((system, done) => {
    let left = n;
    const parent: Actor = actor(system, ({ from }) => {
      if (from !== undefined) stop(from);
      if (left-- === 0) return done();
      const child = actor(system, ({ to }, self) => {
        if (to !== undefined) dispatch(to, { from: self });
      });
      dispatch(child, { to: parent });
    });
    dispatch(parent, {});
  });

/** Many senders, one receiver. */
export const fanIn = (senders: number, each: number): Promise<void> =>
  inSystem((system, done) => {
    let left = senders * each;
    const receiver = actor(system, () => {
      if (--left === 0) done();
    });
    for (let s = 0; s < senders; s++) {
      const sender = actor(system, () => {
        for (let i = 0; i < each; i++) dispatch(receiver, { n: i });
      });
      dispatch(sender, {});
    }
  });
