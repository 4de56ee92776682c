/** Rules 1 to 3 of docs/semantics.md: order, sending to the dead, topics. */
import { expect } from '@jest/globals';
import { describeOn } from '../support/conformance.js';
import { HOSTS } from '../support/conformance-hosts.js';

/** Ends with all it was sent before a message "done". */
const COLLECTOR = `local got = {}
  for message in process.inbox():iter() do
    if message:topic() == "done" then return got end
    got[#got + 1] = message:payload():data()
  end`;

describeOn(HOSTS, 'rule 1: order and delivery', ({ it, run, start, host }) => {
  // Each send of a workflow is a task of its own, and begins with a replay where nothing is cached.
  const count = host.durable ? 30 : 200;
  const each = host.durable ? 20 : 50;

  it('delivers what one process sends to another in the order sent, each once', async () => {
    const got = await run({
      collector: COLLECTOR,
      main: `local to = spawn_monitored("collector")
        for i = 1, ${count} do process.send(to, "n", i) end
        process.send(to, "done")
        return next_event().result.value`,
    });
    expect(got).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  });

  it('keeps the order of each pair where many send to one', async () => {
    const got = await run({
      collector: COLLECTOR,
      sender: `local to, me = ... for i = 1, ${each} do process.send(to, "n", { me, i }) end`,
      main: `local to = spawn("collector")
        for me = 1, 5 do spawn_monitored("sender", to, me) end
        for _ = 1, 5 do next_event() end
        process.send(to, "done")
        return end_of(to).value`,
    });
    const bySender = new Map<number, number[]>();
    for (const [sender, i] of got as [number, number][]) {
      bySender.set(sender, [...(bySender.get(sender) ?? []), i]);
    }
    const all = Array.from({ length: each }, (_, i) => i + 1);
    expect([...bySender].sort()).toEqual([1, 2, 3, 4, 5].map((sender) => [sender, all]));
  });

  it('delivers what came before a cancel before it, and nothing that came after a terminate', async () => {
    const order = await run({
      reader: `local from = ...
        local events, inbox = process.events(), process.inbox()
        process.send(from, "ready")
        local order = { inbox:receive():topic(), events:receive().kind, inbox:receive():topic() }
        process.send(from, "order", order)
        process.send(from, "late", inbox:receive():topic())`,
      main: `local to = spawn_monitored("reader", process.pid())
        receive()
        process.send(to, "before")
        process.cancel(to, "a reason")
        process.send(to, "after")
        local order = data()
        process.terminate(to)
        local sent, err = process.send(to, "too late")
        return { order = order, sent = kind(sent, err), result = show(next_event()).error,
          inbox = process.inbox():try_receive() == nil }`,
    });
    expect(order).toEqual({
      order: ['before', 'CANCEL', 'after'],
      sent: 'NOT_FOUND',
      result: 'CANCELED',
      inbox: true,
    });
  });

  it('delivers nothing twice: what has been received is gone', async () => {
    const app = await start({
      main: 'local first = data() return { first, process.inbox():try_receive() == nil }',
    });
    const pid = await app.spawn('main');
    const exit = app.exitOf(pid);
    await app.send(pid, 'only', 'once');
    expect((await exit).value).toEqual(['once', true]);
  });
});

describeOn(HOSTS, 'rule 2: sending to the dead', ({ it, run, itLocal, itDurable }) => {
  itLocal('answers true where the target lives, by PID or by name', async () => {
    const answers = await run({
      named: 'process.registry.register("a name") process.send(..., "ready") return data()',
      main: `local to = spawn("named", process.pid())
        receive()
        local by_name = process.send("a name", "topic", 1)
        return { by_name, process.send(process.pid(), "to myself") }`,
    });
    expect(answers).toEqual([true, true]);
  });

  it.each([
    ['a process that has ended', 'dead()', 'NOT_FOUND'],
    ['a PID that never was', '"{" .. HOST .. "|999999}"', 'NOT_FOUND'],
    ['a name that nobody has', '"nobody"', 'NOT_FOUND'],
  ])('answers nil and an error for %s, and the sender goes on', async (_, target, kind) => {
    const answer = await run({
      main: `local target = ${target}
        local sent, err = process.send(target, "topic", 1)
        return { sent == nil, err:kind(), (err:message():find("not found")) ~= nil }`,
    });
    expect(answer).toEqual([true, kind, true]);
  });

  it('refuses topics that start with @, whoever the target is', async () => {
    const answer = await run({
      main: `local to = spawn_monitored("waiter")
        local answers = { kind(process.send(to, "@exit", 1)), kind(process.send("nobody", "@x")) }
        process.send(to, "not @ reserved", "read")
        answers[3] = next_event().result.value
        return answers`,
    });
    expect(answer).toEqual(['INVALID', 'INVALID', 'read']);
  });

  itDurable(
    'answers true where the target lives; a workflow has no names, and says so',
    async () => {
      const answers = await run({
        main: `local register, lookup = process.registry.register, process.registry.lookup
        local to = spawn("waiter")
        local refused, why = register("a name")
        return { process.send(to, "topic", 1), process.send(process.pid(), "to myself"),
          kind(refused, why), why:message():find("PID") ~= nil, kind(lookup("a name")) }`,
      });
      expect(answers).toEqual([true, true, 'INVALID', true, 'NOT_FOUND']);
    },
  );

  itLocal('takes a name off its owner when that ends, and not before', async () => {
    const answer = await run({
      named: 'process.registry.register("a name") process.send(..., "ready") return data()',
      main: `local to = spawn_monitored("named", process.pid())
        receive()
        local taken = kind(process.registry.register("a name"))
        process.send("a name", "end")
        next_event()
        return { taken, kind(process.send("a name", "topic")), process.registry.register("a name") }`,
    });
    expect(answer).toEqual(['ALREADY_EXISTS', 'NOT_FOUND', true]);
  });
});

describeOn(HOSTS, 'rule 3: topics', ({ it, run, start }) => {
  it('moves what is unread in the inbox to the channel of listen, in order, and only that topic', async () => {
    const got = await run({
      main: `local me = process.pid()
        for i = 1, 3 do
          process.send(me, "wanted", i)
          process.send(me, "other", -i)
        end
        local read = receive():topic()
        local ch = process.listen("wanted")
        process.send(me, "wanted", 4)
        local got = { read }
        for i = 2, 4 do got[i] = ch:receive() end
        for i = 5, 7 do got[i] = data() end
        got[8] = process.inbox():try_receive() == nil and ch:try_receive() == nil
        return got`,
    });
    expect(got).toEqual(['wanted', 2, 3, 4, -1, -2, -3, true]);
  });

  it('gives the inbox what nobody listens to, and back to it what is unread at unlisten', async () => {
    const got = await run({
      main: `local me = process.pid()
        local ch = process.listen("wanted")
        process.send(me, "other", "o")
        process.send(me, "wanted", "w")
        process.unlisten("wanted")
        local _, open = ch:receive()
        return { data(), data(), open }`,
    });
    expect(got).toEqual(['o', 'w', false]);
  });

  it('gives the same channel every time, and keeps what came before anybody asked', async () => {
    const app = await start({
      main: `local first = receive()
        local same = process.listen("t") == process.listen("t") and process.inbox() == process.inbox()
          and process.events() == process.events()
        local chosen = channel.select({ process.listen("t"):case_receive() })
        return { first:topic(), same, chosen.channel == process.listen("t"), chosen.value, next_event().kind }`,
    });
    const pid = await app.spawn('main');
    const exit = app.exitOf(pid);
    await app.send(pid, 't', 'kept');
    await app.cancel(pid, 'a reason', null);
    await app.send(pid, 'go', 1);
    await app.send(pid, 't', 'kept too');
    expect((await exit).value).toEqual(['t', true, true, 'kept too', 'CANCEL']);
  });

  it('yields whole messages where listen is asked to', async () => {
    const got = await run({
      main: `process.send(process.pid(), "t", 1, 2)
        local message = process.listen("t", { message = true }):receive()
        local a, b = message:payload():data()
        return { message:topic(), message:from() == process.pid(), a, b }`,
    });
    expect(got).toEqual(['t', true, 1, 2]);
  });
});
