/**
 * The conformance suite's view of a host. A spec writes the body of `main` in Lua for each program it
 * needs, and sees only messages and exits, so that the same spec runs on every host: no clock but the
 * host's own, nothing that only one Node process could look at.
 */
import { afterAll, afterEach, describe, it, jest } from '@jest/globals';
import type { Value } from '../../src/core/payload.js';
import type { Pid } from '../../src/core/pid.js';
import type { ExitResult } from '../../src/core/signal.js';

/** Name of a program to the body of its `main`, which reads its arguments as `...`. */
export type Bodies = { readonly [program: string]: string };

/** An app with a spec's programs, started on one host. */
export interface ConformanceApp {
  /** Starts a program. @throws PerdureError where that is refused. */
  spawn(program: string, ...args: Value[]): Promise<Pid>;
  /** @throws PerdureError where the message is refused. */
  send(to: string, topic: string, ...values: Value[]): Promise<void>;
  cancel(pid: Pid, reason: string | null, deadlineMs: number | null): Promise<void>;
  terminate(pid: Pid, reason: string | null): Promise<void>;
  /** How a process ends. */
  exitOf(pid: Pid): Promise<ExitResult>;
  stop(): Promise<void>;
}

export interface ConformanceHost {
  readonly name: string;
  /** Its processes are workflows; where the rules say so, they differ from local ones. */
  readonly durable: boolean;
  /** Starts an app: file name of a program, without `.lua`, to its complete source. */
  start(sources: Bodies): Promise<ConformanceApp>;
  /** What programs name as their host. */
  readonly id: string;
  /** Removes what its apps have left on the disk. */
  close(): Promise<void>;
}

export interface World {
  readonly host: ConformanceHost;
  /** `it` for what the rules promise of local processes alone; its counterpart stands beside it. */
  readonly itLocal: typeof it;
  /** `it` for what they promise of workflows alone. */
  readonly itDurable: typeof it;
  /** Starts an app with these programs beside the {@link COMMON} ones. It is stopped after the spec. */
  start(bodies: Bodies): Promise<ConformanceApp>;
  /** Starts the program `main` of these, and gives what it returned. @throws its failure. */
  run(bodies: Bodies, ...args: Value[]): Promise<Value>;
}

/** Programs that every app has. */
const COMMON: Bodies = {
  nothing: '',
  /** Ends with the payload of its first message. */
  waiter: 'return data()',
  /** Fails with CONFLICT, or as its first message says, when that comes. */
  failer: 'local kind = data() return nil, errors.new(kind or "CONFLICT", "told to fail")',
  /** Links to a process, says so to who asked, and waits. */
  linker:
    'local target, from = ... process.link(target) process.send(from, "linked") return data()',
  /** The same, and ends with what it hears of the link. */
  trapper: `local target, from = ...
    process.set_options({ trap_links = true })
    process.link(target)
    process.send(from, "linked")
    return show(next_event())`,
};

/** Else the server would end a child with its parent, before the link does. */
const ABANDONING =
  'process.with_options({ ["temporal.workflow.parent_close_policy"] = "abandon" })';

/**
 * What every program starts with. `fence` gives an event that came before now, or nil. A workflow always
 * hears of its children's ends (rule 9); `spawn` and `spawn_linked` take that back, so that a program
 * reads the same events on every host.
 */
const prelude = ({ id, durable }: ConformanceHost) => `
local HOST = ${JSON.stringify(id)}
local function quiet(pid) ${durable ? 'process.unmonitor(pid)' : ''} return pid end
local function spawn(name, ...) return quiet(assert(process.spawn("app:" .. name, HOST, ...))) end
local function spawn_monitored(name, ...) return assert(process.spawn_monitored("app:" .. name, HOST, ...)) end
local linking = ${durable ? ABANDONING : 'process.with_options({})'}
local function spawn_linked(name, ...) return quiet(assert(linking:spawn_linked("app:" .. name, HOST, ...))) end
local function next_event() return (process.events():receive()) end
local function receive() return (process.inbox():receive()) end
local function data() return receive():payload():data() end
local function fence()
  local pid = spawn_monitored("nothing")
  local event = next_event()
  if event.from ~= pid then return event end
end
local function end_of(pid)
  process.monitor(pid)
  return next_event().result
end
local function dead()
  local pid = spawn_monitored("nothing")
  assert(next_event().from == pid)
  return pid
end
local function kind(ok, err) return ok == nil and err:kind() or ok end
local function show(event)
  local result = event.result or {}
  local err = result.error
  return { kind = event.kind, from = event.from, value = result.value,
    error = err and err:kind(), message = err and err:message(), reason = event.reason }
end
return { main = function(...)
`;

/** States nothing: the rule is about the other kind of host. */
const unstated = Object.assign(() => {}, { each: () => () => {} }) as unknown as typeof it;

/** A workflow takes a task of a server for each of its steps, and the machine may be busy. */
const PATIENCE_MS = 90_000;

/** Runs the specs once for each host. */
export function describeOn(
  hosts: readonly ConformanceHost[],
  title: string,
  specs: (world: World) => void,
): void {
  jest.setTimeout(PATIENCE_MS);
  describe.each(hosts.map((host) => ({ host, name: host.name })))(
    `${title} ($name)`,
    ({ host }) => {
      const apps: ConformanceApp[] = [];
      afterEach(() => Promise.all(apps.splice(0).map((app) => app.stop())));
      afterAll(() => host.close());
      const start = async (bodies: Bodies): Promise<ConformanceApp> => {
        const sources = Object.entries({ ...COMMON, ...bodies }).map(([name, body]) => [
          name,
          `${prelude(host)}${body}\nend }\n`,
        ]);
        const app = await host.start(Object.fromEntries(sources));
        apps.push(app);
        return app;
      };
      const run = async (bodies: Bodies, ...args: Value[]): Promise<Value> => {
        const app = await start(bodies);
        const { value, error } = await app.exitOf(await app.spawn('main', ...args));
        if (error !== null) throw error;
        return value;
      };
      const itLocal = host.durable ? unstated : it;
      const itDurable = host.durable ? it : unstated;
      specs({ host, itLocal, itDurable, start, run });
    },
  );
}
