/** The Lua of the conformance suite: what each program begins with, and those that every app has. */

/** Name of a program to the body of its `main`, which reads its arguments as `...`. */
export type Bodies = { readonly [program: string]: string };

/** What programs know of the host that they run on. */
export interface HostOfPrograms {
  readonly id: string;
  readonly durable: boolean;
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
const prelude = ({ id, durable }: HostOfPrograms, own: readonly string[], group: string) => `
local OWN = { ${own.map((name) => `["${name}"] = true`).join(', ')} }
local function entry(name) return "app:" .. (OWN[name] and "${group}" or "") .. name end
local HOST = ${JSON.stringify(id)}
local function quiet(pid) ${durable ? 'process.unmonitor(pid)' : ''} return pid end
local function spawn(name, ...) return quiet(assert(process.spawn(entry(name), HOST, ...))) end
local function spawn_monitored(name, ...) return assert(process.spawn_monitored(entry(name), HOST, ...)) end
local linking = ${durable ? ABANDONING : 'process.with_options({})'}
local function spawn_linked(name, ...) return quiet(assert(linking:spawn_linked(entry(name), HOST, ...))) end
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

/** The programs that every app has, as sources. */
export function commonSources(host: HostOfPrograms): Bodies {
  return sourcesOf(host, COMMON, '');
}

/**
 * Complete sources of a spec's programs. In the programs themselves their names are those that the spec
 * gives them.
 *
 * @param group - comes before their names in the app, so that another spec may have programs of these names
 */
export function sourcesOf(host: HostOfPrograms, bodies: Bodies, group: string): Bodies {
  const own = Object.keys(bodies);
  const sources = Object.entries(bodies).map(([name, body]) => {
    const text = body.replace(/"app:(\w+)"/g, (id, named) =>
      own.includes(named) ? `"app:${group}${named}"` : id,
    );
    return [`${group}${name}`, `${prelude(host, own, group)}${text}\nend }\n`];
  });
  return Object.fromEntries(sources);
}
