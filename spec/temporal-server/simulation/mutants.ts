/**
 * Bugs planted on purpose: each is one change of the server's source, made in a copy of it. They say
 * what the simulation would find if somebody made them by mistake.
 */
export interface Mutant {
  readonly bug: string;
  /** Under src/temporal-server. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const mutants: readonly Mutant[] = [
  {
    bug: 'an event id is skipped after a signal',
    file: 'history/draft.ts',
    from: 'this.info.nextEventId = id + 1;\n    this.info.historySizeBytes += bytes.length;\n    return id;',
    to: 'this.info.nextEventId = id + (event.eventType === 26 ? 2 : 1);\n    this.info.historySizeBytes += bytes.length;\n    return id;',
  },
  {
    bug: 'a timer fires a tenth too early',
    file: 'history/timers.ts',
    from: 'const atMs = d.nowMs + afterMs;',
    to: 'const atMs = d.nowMs + afterMs * 0.9;',
  },
  {
    bug: 'a timer that has fired stays in the state',
    file: 'history/timers.ts',
    from: "  d.timers.delete(timerId);\n  d.appendOrBuffer('timerFired'",
    to: "  d.appendOrBuffer('timerFired'",
  },
  {
    bug: 'a timer that fires does not wake the workflow',
    file: 'history/timers.ts',
    from: 'startedEventId: int64(timer.startedEventId) });\n  scheduleWorkflowTask(d);',
    to: 'startedEventId: int64(timer.startedEventId) });',
  },
  {
    bug: 'a cancelled timer goes on in memory',
    file: 'history/timers.ts',
    from: "  d.disarm({ kind: 'userTimer', timerId });\n",
    to: '',
  },
  {
    bug: 'an answer to an earlier attempt of an activity is taken',
    file: 'history/activities.ts',
    from: '(ref.attempt !== undefined && ref.attempt !== activity.attempt)',
    to: 'ref.attempt === -1',
  },
  {
    bug: 'an activity that completed is not removed',
    file: 'history/activities.ts',
    from: '    identity: answer.identity,\n  });\n  remove(d, activity);\n  scheduleWorkflowTask(d);\n}\n\nexport interface ActivityFailed',
    to: '    identity: answer.identity,\n  });\n  scheduleWorkflowTask(d);\n}\n\nexport interface ActivityFailed',
  },
  {
    bug: 'an activity has one attempt more than its policy says',
    file: 'history/retry.ts',
    from: 'q.attempt >= maximum',
    to: 'q.attempt > maximum',
  },
  {
    bug: 'the pause before the next attempt of an activity is not kept',
    file: 'history/retry.ts',
    from: "return { kind: 'retry', delayMs };",
    to: "return { kind: 'retry', delayMs: delayMs / 2 };",
  },
  {
    bug: 'the answer to a workflow task that timed out is taken',
    file: 'history/workflow-task.ts',
    from: "if (task.kind !== 'started' || task.stamp !== ref.stamp)",
    to: "if (task.kind !== 'started')",
  },
  {
    bug: 'a workflow task times out in half its time',
    file: 'history/workflow-task.ts',
    from: 'd.arm(due, d.nowMs + d.info.taskTimeoutMs, { skippable: false });',
    to: 'd.arm(due, d.nowMs + d.info.taskTimeoutMs / 2, { skippable: false });',
  },
  {
    bug: 'what came while a workflow task ran is lost when that task times out',
    file: 'history/workflow-task.ts',
    from: 'if (d.flush()) d.info.workflowTaskAttempt = 1;',
    to: 'd.info.buffered = [];',
  },
  {
    bug: 'a signal with a request id that is known is taken again',
    file: 'history/signals.ts',
    from: 'if (signal.requestId && d.signalRequests.has(signal.requestId)) return;',
    to: '',
  },
  {
    bug: 'a parent is not told that its child has closed',
    file: 'history/close.ts',
    from: 'if (d.info.parent && !continues) {',
    to: 'if (d.info.parent && continues) {',
  },
  {
    bug: 'a parent is told that its child has ended when it only continues as new',
    file: 'history/close.ts',
    from: 'if (d.info.parent && !continues) {',
    to: 'if (d.info.parent) {',
  },
  {
    bug: 'what is changed is kept in memory before it is stored',
    file: 'engine/engine.ts',
    from: 'return then(this.store.commit({ namespace, workflowId, atMs, runs }), keep);',
    to: 'const done = this.store.commit({ namespace, workflowId, atMs, runs });\n    keep();\n    return done;',
  },
  {
    bug: 'two transactions on one workflow id are done at the same time',
    file: 'engine/engine.ts',
    from: 'if (execution.busy) return this.#queue(execution, execution.busy.then(work, work));',
    to: '',
  },
  {
    bug: 'a timer that the store refused is not tried again',
    file: 'engine/engine.ts',
    from: 'if (isSet()) set(this.work.retryAtMs, { skippable: false });',
    to: '',
  },
  {
    bug: 'a task whose start the store refused is not given back',
    file: 'frontend/workflow-tasks.ts',
    from: 'if (isStoreRefusal(error)) engine.matching.giveBack(task.queue, task);',
    to: '',
  },
  {
    bug: 'timers of users are not set again when the server starts again',
    file: 'history/pending.ts',
    from: "    ...[...timers.values()].map(({ timerId, atMs }) => arm({ kind: 'userTimer', timerId }, atMs)),\n",
    to: '',
  },
  {
    bug: 'activities in backoff are not taken up when the server starts again',
    file: 'history/pending.ts',
    from: "return [...close, arm(due(activity, 'retry'), phase.untilMs)];",
    to: 'return close;',
  },
  {
    bug: 'transfers are forgotten when the server starts again',
    file: 'file/file-store.ts',
    from: "if (effect.kind === 'transfer')",
    to: "if (effect.kind === 'arm' && effect.kind !== 'arm')",
  },
  {
    bug: 'timers that are over stay in the file',
    file: 'file/collections.ts',
    from: '  add(Part.timer, changes.timers, formats.timer, same);',
    to: '  const set = [...changes.timers].filter(([, timer]) => timer);\n  add(Part.timer, new Map(set), formats.timer, same);',
  },
  {
    bug: 'a task for a worker that has gone stays in its sticky queue when the store refuses to move it',
    file: 'engine/engine.ts',
    from: 'this.work.untilStored(() => this.update(run, (d) => unstick(d, stamp))),',
    to: 'this.update(run, (d) => unstick(d, stamp)),',
  },
];
