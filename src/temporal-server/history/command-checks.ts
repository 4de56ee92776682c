/** What can be said of a worker's commands before any of them is carried out. */
import { invalid } from '../errors.js';
import { type Command, enumName, enums, pascalCase } from '../proto.js';
import { CommandError } from './failures.js';

const { CommandType } = enums;

/** The commands that close a run. */
export const CLOSING: ReadonlySet<number> = new Set([
  CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
  CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
  CommandType.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION,
  CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
]);

/** What closes the run comes last. Temporal refuses the answer where it does not, and the task stays. */
export function checkSequence(commands: readonly Command[]): void {
  const closing = commands.findIndex((command) => CLOSING.has(command.commandType ?? 0));
  if (closing >= 0 && closing < commands.length - 1)
    throw invalid(
      `invalid command sequence: [${commands.map(nameOf).join(', ')}], command ${nameOf(commands[closing] ?? {})} must be the last command.`,
    );
}

function nameOf({ commandType }: Command): string {
  return pascalCase(enumName(CommandType, commandType ?? 0, 'COMMAND_TYPE_'));
}

/** The attributes of a command, which a worker must not leave out. */
export function given<T>(attributes: T | null | undefined, cause: number, command: string): T {
  if (attributes) return attributes;
  throw new CommandError(cause, `${command}CommandAttributes is not set on ${command}Command.`);
}
