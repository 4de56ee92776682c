/**
 * What a program answers to those who ask its process from outside: by name, how to make the task that
 * answers. Who asks, and when, is the host's business.
 */
import type { Value } from '../core/payload.js';
import type { Task } from './program.js';

/** Makes a task of the process that runs the program's function with these arguments. */
export type TaskMaker = (values: readonly Value[]) => Task;

export interface UpdateHandler {
  readonly run: TaskMaker;
  /** Runs first and may refuse the update. */
  readonly validate: TaskMaker | null;
}

export class Handlers {
  readonly queries = new Map<string, TaskMaker>();
  readonly updates = new Map<string, UpdateHandler>();
}
