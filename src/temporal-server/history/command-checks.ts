/** What can be said of a worker's commands before any of them is carried out. */
import { invalid } from '../errors.js';
import { type Command, enumName, enums, pascalCase } from '../proto.js';
import { ENDS } from './command-ends.js';

const { CommandType } = enums;

/** What closes the run comes last. Temporal refuses the answer where it does not, and the task stays. */
export function checkSequence(commands: readonly Command[]): void {
  const closing = commands.findIndex((command) => ENDS.has(command.commandType ?? 0));
  if (closing >= 0 && closing < commands.length - 1)
    throw invalid(
      `invalid command sequence: [${commands.map(nameOf).join(', ')}], command ${nameOf(commands[closing] ?? {})} must be the last command.`,
    );
}

function nameOf({ commandType }: Command): string {
  return pascalCase(enumName(CommandType, commandType ?? 0, 'COMMAND_TYPE_'));
}
