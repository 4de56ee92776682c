/** What a command of a worker is carried out with, and the checks that several of them share. */
import type { Command, PayloadMap, temporal } from '../proto.js';
import { enums } from '../proto.js';
import type { IsBackground } from './activity-schedule.js';
import type { Draft } from './draft.js';
import { CommandError } from './failures.js';
import { attributesSizeProblem } from './limits.js';

type SearchAttributes = temporal.api.common.v1.ISearchAttributes;

/** What the rules need to know that is not in the run. */
export interface CommandContext {
  readonly isBackground: IsBackground;
  /** What is wrong with search attributes, undefined when they are fine. */
  readonly searchAttributesProblem: (attributes: PayloadMap) => string | undefined;
  /** Search attributes with their types in them. */
  readonly withTypes: (attributes: PayloadMap) => PayloadMap;
}

/** The answer that the commands are of. */
export interface Answer {
  readonly d: Draft;
  /** Of the workflow task. */
  readonly completedEventId: number;
  /** Of the worker. */
  readonly identity: string;
  readonly context: CommandContext;
}

/** What is left to do when a command is carried out. */
export interface Carried {
  /** An activity that this very worker is to get at once. */
  readonly eager?: number;
  /** There is something new for the worker. */
  readonly needsTask?: boolean;
}

/** Carries a command out. @throws CommandError for one that cannot be */
export type Carry = (answer: Answer, command: Command) => Carried | undefined;

/** @param sizeCause - what the task fails with where one is too large */
export function checkSearchAttributes(
  { context }: Answer,
  attributes: PayloadMap | null | undefined,
  sizeCause: number,
): void {
  const problem = attributes && context.searchAttributesProblem(attributes);
  if (problem)
    throw new CommandError(
      enums.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES,
      problem,
    );
  const tooLarge = attributesSizeProblem(attributes);
  if (tooLarge) throw new CommandError(sizeCause, tooLarge, { terminates: true });
}

/** With the types of its search attributes. */
export function typed<T extends { searchAttributes?: SearchAttributes | null }>(
  { context }: Answer,
  attributes: T,
): T {
  const fields = attributes.searchAttributes?.indexedFields;
  if (!fields) return attributes;
  return { ...attributes, searchAttributes: { indexedFields: context.withTypes(fields) } };
}

/** The attributes of a command, which a worker must not leave out. */
export function given<T>(attributes: T | null | undefined, cause: number, command: string): T {
  if (attributes) return attributes;
  throw new CommandError(cause, `${command}CommandAttributes is not set on ${command}Command.`);
}
