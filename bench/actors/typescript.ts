/** The workloads as TypeScript processes. */
import type { Pid } from '../../src/core/pid.js';
import { defineProcess } from '../../src/js/define.js';

const pong = defineProcess(async (ctx) => {
  for (;;) {
    const { from, first } = await ctx.receive();
    ctx.send(from as Pid, 'pong', first);
  }
}, 'pong');

/** Round trips between two processes. */
export const pingPong = defineProcess(async (ctx, n: number) => {
  const other = await ctx.spawn(pong);
  for (let i = 0; i < n; i++) {
    ctx.send(other, 'ping', i);
    await ctx.receive();
  }
  await ctx.terminate(other);
}, 'ping');

const reply = defineProcess(async (ctx, to: Pid) => {
  ctx.send(to, 'done', true);
}, 'reply');

/** Spawns a process, gets its reply, and again. */
export const spawnReplyExit = defineProcess(async (ctx, n: number) => {
  for (let i = 0; i < n; i++) {
    await ctx.spawn(reply, { args: [ctx.pid] });
    await ctx.receive();
  }
}, 'spawner');

const sender = defineProcess(async (ctx, to: Pid, n: number) => {
  for (let i = 0; i < n; i++) ctx.send(to, 'n', i);
}, 'sender');

/** A hundred senders, one receiver. */
export const fanIn = defineProcess(async (ctx, senders: number, each: number) => {
  for (let i = 0; i < senders; i++) await ctx.spawn(sender, { args: [ctx.pid, each] });
  for (let left = senders * each; left > 0; left--) await ctx.receive();
}, 'receiver');

const onceAsked = defineProcess(async (ctx) => {
  await ctx.receive();
}, 'asked');

/** Monitors many processes, ends them, and reads all their EXITs. */
export const monitorStorm = defineProcess(async (ctx, n: number) => {
  const pids: Pid[] = [];
  for (let i = 0; i < n; i++) pids.push(await ctx.spawnMonitored(onceAsked));
  for (const pid of pids) ctx.send(pid, 'end');
  for (let left = n; left > 0; left--) await ctx.events.receive();
}, 'monitor');

export const idle = defineProcess(async (ctx) => {
  await ctx.receive();
}, 'idle');

/** Sleeps until its tick, again and again, and notes in `late` how late it woke, in ms. */
export const ticker = (late: number[], ticks: number, everyMs: number) =>
  defineProcess(async (ctx) => {
    for (let i = 0; i < ticks; i++) {
      const due = performance.now() + everyMs;
      await ctx.sleep(everyMs);
      late.push(performance.now() - due);
    }
  }, 'ticker');
