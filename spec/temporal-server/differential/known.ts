/**
 * Where the embedded server differs from Temporal's, and why. A path that no longer differs fails the spec,
 * so does a difference that is not here; docs/server.md lists the same reasons.
 */
import type { Difference } from './compare.js';

export interface KnownDifference {
  /** What it is about, and what the reason is: one line of docs/server.md. */
  readonly about: string;
  readonly reason: string;
  /** `subject: name of the program` to the paths in its outcome; `*` stands for one name or number. */
  readonly where: { readonly [program: string]: readonly string[] };
}

const ATTRIBUTES = 'described/workflowExecutionInfo/searchAttributes/indexedFields';
const STARTED_BY = ['history/*/workerVersion'];
const UNVERSIONED = ['versioningInfo', 'effectiveRateLimit'];

export const KNOWN: readonly KnownDifference[] = [
  {
    about: 'Builds of workers',
    reason:
      'the attribute `BuildIds` says nothing of workers without versions, and they do not send their build with what they answer to activities',
    where: {
      'ends: cancelled, as its worker says': [ATTRIBUTES],
      'ends: terminated with details': [ATTRIBUTES],
      'ends: completed with a result': [ATTRIBUTES],
      'ends: failed with details and a cause': [ATTRIBUTES],
      'starts: conflict: use existing, and leave word while a task is out': [ATTRIBUTES],
      'resets: the run goes on after it': [ATTRIBUTES],
      'histories: a run with everything pending is described': [`${ATTRIBUTES}/BuildIds`],
      'workflow tasks: a command with user metadata': [ATTRIBUTES],
      'activities: one that waits for its next attempt is described': [ATTRIBUTES],
      'activities: one whose heartbeat is handed on': [ATTRIBUTES],
      'activities: cancelled, and its worker agrees': [ATTRIBUTES],
      'attributes: all types upserted': ['described/searchAttributes/indexedFields/BuildIds'],
      'attributes: taken away': ['described/searchAttributes/indexedFields/BuildIds'],
      'attributes: memo changed and taken away': ['described/searchAttributes/indexedFields'],
      'lists: a run, as it is listed': [
        'closed/executions/0/searchAttributes/indexedFields/BuildIds',
        'scanned/executions/0/searchAttributes/indexedFields',
      ],
      'chains: continues as new with everything': [`${ATTRIBUTES}/BuildIds`],
      'chains: a workflow is retried': [ATTRIBUTES],
      'a real worker: a timer and an activity': STARTED_BY,
      'a real worker: an activity that is retried': STARTED_BY,
      'a real worker: an activity that gives up': STARTED_BY,
      'a real worker: an activity that fails for good': STARTED_BY,
      'a real worker: an activity that goes on from its heartbeat': STARTED_BY,
      'a real worker: a cancelled workflow that cleans up': STARTED_BY,
      'a real worker: memo and search attributes': ['described/searchAttributes/BuildIds'],
    },
  },
  {
    about: 'What it can do',
    reason: 'it says that it has no build ids by versions and no Nexus',
    where: {
      'places: what the system can do': [
        'capabilities/buildIdBasedVersioning',
        'capabilities/nexus',
      ],
    },
  },
  {
    about: 'Eager activities',
    reason: 'they are handed over; Temporal has that turned off unless it is configured',
    where: { 'activities: handed over eagerly': ['given/activityTasks'] },
  },
  {
    about: 'Child workflows in another namespace',
    reason: 'there are none: the task fails with words of its own',
    where: {
      'children: one in a namespace that is not there': [
        'answer/error',
        'answer/message',
        'answer/details',
        'parent/3',
      ],
    },
  },
  {
    about: 'Pages of a history',
    reason:
      'a page has as many events as were asked for, where Temporal gives whole transactions and may end with an empty page; a page token of another workflow is refused',
    where: {
      'histories: pages of three': [
        'forward/0',
        'forward/1',
        'forward/2',
        'forward/3',
        'backward/0',
        'backward/1',
        'backward/2',
        'backward/3',
      ],
      'histories: histories that cannot be': [
        'a page token of another/error',
        'a page token of another/message',
        'a page token of another/details',
        'a page token of another/history',
      ],
    },
  },
  {
    about: 'Leftovers in descriptions',
    reason:
      'Temporal goes on to show the workflow task of a run that has timed out, forgets when an activity expires whose options were changed, and forgets the namespace in the link of an update-with-start; transactions inside the server are counted as they are',
    where: {
      'chains: a run that times out': ['described/pendingWorkflowTask'],
      'activity operations: other options': ['changed/0/expirationTime'],
      'updates: update with start: it runs': [
        'answer/responses/0/startWorkflow/link/workflowEvent/namespace',
      ],
      'resets: the run goes on after it': ['described/workflowExecutionInfo/stateTransitionCount'],
      'histories: a run with everything pending is described': [
        'child/workflowExecutionInfo/stateTransitionCount',
      ],
    },
  },
  {
    about: 'Search attributes of the system',
    reason: 'those of features that are absent are absent; a value that is no JSON has other words',
    where: {
      'attributes: those of the namespace': [
        'listed/systemAttributes/TemporalPauseInfo',
        'listed/systemAttributes/TemporalWorkerDeployment',
        'listed/systemAttributes/TemporalWorkerDeploymentVersion',
        'listed/systemAttributes/TemporalWorkflowVersioningBehavior',
      ],
      'attributes: values that do not fit': ['not JSON/message'],
    },
  },
  {
    about: 'Queries of lists',
    reason:
      'values must have the type of their attribute and times are compared as times, where Temporal’s SQLite compares text; a syntax error is placed in the query, not in the SQL that is made of it; a bad page token, or a negative page of namespaces, is INVALID_ARGUMENT',
    where: {
      'lists: queries of one’s own attributes': ['Due = "2026-01-02T03:04:05Z"/0'],
      'lists: queries that are refused': [
        'Score = "seven"',
        'Score STARTS_WITH "7"',
        'Score BETWEEN "a" AND "b"',
        'WorkflowType =/message',
        '(WorkflowType = "a"/message',
        'WorkflowType = "a" XOR Score = 1/message',
        'WorkflowType = "unterminated/message',
        'Score + 1 = 2/message',
        'count(*) = 1/message',
      ],
      'lists: pages': ['a token that is none/error', 'a token that is none/message'],
      'places: pages of namespaces that cannot be': ['of fewer/error', 'of fewer/message'],
      'schedules: listed and counted': ['refused/message'],
    },
  },
  {
    about: 'Schedules',
    reason:
      'they are no workflows: errors name no run, one that is deleted is gone; an empty id is refused, and what became of an action is known at once',
    where: {
      'schedules: one that is there': ['other/message', 'other/details/0/runId'],
      'schedules: triggered': ['done/info/recentActions/0/startWorkflowStatus'],
      'schedules: created with a first action': [
        'described/info/recentActions/0/startWorkflowStatus',
      ],
      'schedules: deleted': ['described/message', 'again/message'],
      'schedules: those that cannot be': ['no id/error', 'no id/message', 'no id/conflictToken'],
    },
  },
  {
    about: 'Batch operations',
    reason:
      'they are no workflows either: errors name no run, and are INVALID_ARGUMENT where Temporal’s are untold; their identity, reason and details reach the events, which Temporal signs with its own process',
    where: {
      'batch operations: cancels': ['history/2/cause', 'history/2/identity'],
      'batch operations: terminates': ['history/2/details', 'history/2/identity'],
      'batch operations: by a query': ['job/query', 'history/2/identity'],
      'batch operations: the same job again': [
        'again/message',
        'again/details/0/startRequestId',
        'again/details/0/runId',
      ],
      'batch operations: what cannot be': [
        'a query and a list/error',
        'a query and a list/message',
        'a signal without a name/error',
        'a signal without a name/message',
        'a query that is none/error',
        'a query that is none/message',
      ],
    },
  },
  {
    about: 'Task queues',
    reason: 'they have no versions and no limits of their rate',
    where: {
      'places: a task queue that nobody polls': [
        ...UNVERSIONED.map((each) => `workflows/${each}`),
        ...UNVERSIONED.map((each) => `activities/${each}`),
      ],
      'places: task queues that cannot be': UNVERSIONED.map((each) => `no type/${each}`),
    },
  },
];

/** The paths that are known to differ in a program's outcome. */
export function knownPaths(program: string): string[] {
  return KNOWN.flatMap(({ where }) => where[program] ?? []);
}

export function isAt(path: string, difference: Difference): boolean {
  const pattern = path.split('/');
  const names = difference.path.split('/');
  return (
    pattern.length === names.length &&
    pattern.every((each, at) => each === '*' || each === names[at])
  );
}
