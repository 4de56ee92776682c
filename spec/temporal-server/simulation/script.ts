/**
 * Simulated workflows. A script is what a run does, in stages: a stage begins when all of the one
 * before is done. It travels as the run's input, so that a decision needs the history and nothing else.
 */
import {
  type Command,
  duration,
  enums,
  type HistoryEvent,
  type Payloads,
  toNumber,
} from '../../../src/temporal-server/proto.js';
import type { Random } from './random.js';

export type Action =
  | { readonly kind: 'timer'; readonly ms: number }
  /** A long one that is cancelled at the next decision. */
  | { readonly kind: 'cancelledTimer' }
  | {
      readonly kind: 'activity';
      readonly maximumAttempts: number;
      readonly startToCloseMs: number;
      readonly heartbeatMs: number;
      readonly scheduleToCloseMs: number;
      readonly cancelled: boolean;
    }
  | {
      readonly kind: 'child';
      readonly script: Script;
      readonly policy: number;
      readonly waitsForEnd: boolean;
    }
  | { readonly kind: 'signal'; readonly target: string }
  | { readonly kind: 'cancel'; readonly target: string };

export interface Script {
  readonly stages: readonly (readonly Action[])[];
  readonly end: 'complete' | 'fail' | 'continue';
  readonly continueTimes: number;
  readonly heedsCancel: boolean;
}

const { ParentClosePolicy: Policy, CommandType, EventType } = enums;
export const TASK_QUEUE = 'simulated';
const LONG_MS = 3_600_000;

export function randomScript(random: Random, targets: readonly string[], depth = 0): Script {
  const stages = Array.from({ length: random.between(1, 3 - depth) }, () => {
    const actions = Array.from({ length: random.between(1, 3 - depth) }, () =>
      randomAction(random, targets, depth),
    );
    const cancels = actions.some((a) => a.kind === 'cancelledTimer' || isCancelled(a));
    // Something has to come in between for there to be a next decision.
    return cancels ? [...actions, { kind: 'timer', ms: 300 } as const] : actions;
  });
  return {
    stages,
    end: random.weighted({ complete: 6, fail: 1, continue: 2 }),
    continueTimes: 1,
    heedsCancel: random.chance(0.7),
  };
}

function isCancelled(action: Action): boolean {
  return action.kind === 'activity' && action.cancelled;
}

function randomAction(random: Random, targets: readonly string[], depth: number): Action {
  const kind = random.weighted({
    timer: 4,
    cancelledTimer: 1,
    activity: 5,
    child: depth < 2 ? 2 : 0,
    signal: 1,
    cancel: 0.3,
  });
  switch (kind) {
    case 'timer':
      return { kind, ms: random.between(1, 8000) };
    case 'cancelledTimer':
      return { kind };
    case 'activity':
      return {
        kind,
        maximumAttempts: random.pick([0, 1, 2, 3]),
        startToCloseMs: random.between(2000, 6000),
        heartbeatMs: random.pick([0, 0, 1500]),
        scheduleToCloseMs: random.pick([0, 0, 0, 12_000]),
        cancelled: random.chance(0.15),
      };
    case 'child':
      return {
        kind,
        script: randomScript(random, targets, depth + 1),
        policy: random.pick([
          Policy.PARENT_CLOSE_POLICY_TERMINATE,
          Policy.PARENT_CLOSE_POLICY_ABANDON,
          Policy.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
        ]),
        waitsForEnd: random.chance(0.7),
      };
    case 'signal':
    case 'cancel':
      return { kind, target: random.pick(targets) };
  }
}

export function inputOf(script: Script): Payloads {
  return { payloads: [{ data: Buffer.from(JSON.stringify(script)) }] };
}

function scriptOf(input: Payloads | null | undefined): Script {
  return JSON.parse(Buffer.from(input?.payloads?.[0]?.data ?? []).toString()) as Script;
}

/** How far an action has come, by its name. */
interface Progress {
  readonly eventId: number;
  asked: boolean;
  started: boolean;
  done: boolean;
}

type Told = Map<string, Progress>;

/** What the worker answers to a history. */
export function decide(
  events: readonly HistoryEvent[],
  run: { readonly workflowId: string; readonly runId: string },
): Command[] {
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  const script = scriptOf(started?.input);
  const isCancelAsked = events.some(
    (e) => e.eventType === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED,
  );
  if (isCancelAsked && script.heedsCancel)
    return [
      {
        commandType: CommandType.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION,
        cancelWorkflowExecutionCommandAttributes: {},
      },
    ];
  const told = read(events);
  const commands: Command[] = [];
  for (const [index, stage] of script.stages.entries()) {
    const parts = stage.map((action, place) => next(action, `${index}.${place}`, told, run));
    for (const { command } of parts) if (command) commands.push(command);
    if (parts.some(({ done }) => !done)) return commands;
  }
  return [...commands, ending(script)];
}

function read(events: readonly HistoryEvent[]): Told {
  const told: Told = new Map();
  const byEvent = new Map<number, Progress>();
  const begin = (event: HistoryEvent, name: string) => {
    const eventId = toNumber(event.eventId);
    const progress = { eventId, asked: false, started: false, done: false };
    told.set(name, progress);
    byEvent.set(eventId, progress);
  };
  for (const event of events) {
    const attributes = attributesOf(event);
    const first = beginning(event);
    if (first !== undefined) begin(event, first);
    const about = byEvent.get(referenceOf(event, attributes));
    if (!about) continue;
    if (event.activityTaskCancelRequestedEventAttributes) about.asked = true;
    else if (event.activityTaskStartedEventAttributes) continue;
    else if (event.childWorkflowExecutionStartedEventAttributes) about.started = true;
    else about.done = true;
  }
  return told;
}

/** The name of what an event begins. */
function beginning(event: HistoryEvent): string | undefined {
  return (
    event.timerStartedEventAttributes?.timerId ??
    event.activityTaskScheduledEventAttributes?.activityId ??
    event.startChildWorkflowExecutionInitiatedEventAttributes?.control ??
    event.signalExternalWorkflowExecutionInitiatedEventAttributes?.control ??
    event.requestCancelExternalWorkflowExecutionInitiatedEventAttributes?.control ??
    undefined
  );
}

interface References {
  readonly startedEventId?: HistoryEvent['eventId'];
  readonly scheduledEventId?: HistoryEvent['eventId'];
  readonly initiatedEventId?: HistoryEvent['eventId'];
}

/** The attributes of an event, whichever it is. */
function attributesOf(event: HistoryEvent): References {
  for (const [name, value] of Object.entries(event))
    if (value && name.endsWith('EventAttributes')) return value as References;
  return {};
}

/** The event that began what this one is about. */
function referenceOf(event: HistoryEvent, attributes: References): number {
  const isTimer = event.timerFiredEventAttributes ?? event.timerCanceledEventAttributes;
  return toNumber(
    isTimer
      ? attributes.startedEventId
      : (attributes.initiatedEventId ?? attributes.scheduledEventId),
  );
}

function next(
  action: Action,
  name: string,
  told: Told,
  run: { readonly workflowId: string; readonly runId: string },
): { readonly done: boolean; readonly command?: Command } {
  const progress = told.get(name);
  if (!progress) return { done: false, command: first(action, name, run) };
  if (progress.done) return { done: true };
  if (action.kind === 'child' && !action.waitsForEnd && progress.started) return { done: true };
  if (action.kind === 'cancelledTimer')
    return {
      done: true,
      command: {
        commandType: CommandType.COMMAND_TYPE_CANCEL_TIMER,
        cancelTimerCommandAttributes: { timerId: name },
      },
    };
  if (action.kind === 'activity' && action.cancelled && !progress.asked)
    return {
      done: false,
      command: {
        commandType: CommandType.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK,
        requestCancelActivityTaskCommandAttributes: {
          scheduledEventId: progress.eventId as never,
        },
      },
    };
  return { done: false };
}

/** The command with which an action begins. */
function first(
  action: Action,
  name: string,
  { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
): Command {
  switch (action.kind) {
    case 'timer':
    case 'cancelledTimer':
      return {
        commandType: CommandType.COMMAND_TYPE_START_TIMER,
        startTimerCommandAttributes: {
          timerId: name,
          startToFireTimeout: duration(action.kind === 'timer' ? action.ms : LONG_MS),
        },
      };
    case 'activity':
      return {
        commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
        scheduleActivityTaskCommandAttributes: {
          activityId: name,
          activityType: { name: 'a' },
          taskQueue: { name: TASK_QUEUE },
          startToCloseTimeout: duration(action.startToCloseMs),
          heartbeatTimeout: duration(action.heartbeatMs),
          scheduleToCloseTimeout: duration(action.scheduleToCloseMs),
          retryPolicy: { maximumAttempts: action.maximumAttempts },
        },
      };
    case 'child':
      return {
        commandType: CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
        startChildWorkflowExecutionCommandAttributes: {
          workflowId: `${workflowId}/${name}`,
          workflowType: { name: 'scripted' },
          taskQueue: { name: TASK_QUEUE },
          control: name,
          input: inputOf(action.script),
          parentClosePolicy: action.policy,
        },
      };
    case 'signal':
      return {
        commandType: CommandType.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION,
        signalExternalWorkflowExecutionCommandAttributes: {
          execution: { workflowId: action.target },
          signalName: `${runId} ${name}`,
          control: name,
        },
      };
    case 'cancel':
      return {
        commandType: CommandType.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION,
        requestCancelExternalWorkflowExecutionCommandAttributes: {
          workflowId: action.target,
          control: name,
        },
      };
  }
}

function ending(script: Script): Command {
  if (script.end === 'fail')
    return {
      commandType: CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
      failWorkflowExecutionCommandAttributes: {
        failure: { message: 'scripted', applicationFailureInfo: { type: 'Scripted' } },
      },
    };
  if (script.end === 'continue' && script.continueTimes > 0)
    return {
      commandType: CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
      continueAsNewWorkflowExecutionCommandAttributes: {
        input: inputOf({ ...script, continueTimes: script.continueTimes - 1 }),
      },
    };
  return {
    commandType: CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
    completeWorkflowExecutionCommandAttributes: {},
  };
}
