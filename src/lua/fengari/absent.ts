/** What other Luas have and programs here have not: why, and what there is instead. */

const OUTSIDE =
  'programs here have no files, commands or other processes of the machine; they reach outside by modules ' +
  '(env, http_client), a workflow by a function that it calls as an activity';

/** Globals, as an error names them. */
const GLOBALS = /\(global '(io|package|dofile|loadfile)'\)/;

/** Functions of `os`. An error names the field alone, so names that others may well use are left out. */
const FIELDS = /\(field '(execute|exit|getenv|tmpname)'\)/;

/** An error's text, with an explanation where it comes from something that is not there on purpose. */
export function explainAbsent(text: string): string {
  if (!text.includes('a nil value')) return text;
  const name = GLOBALS.exec(text)?.[1];
  if (name !== undefined) return `${text}: ${name} is not there, ${OUTSIDE}`;
  const field = FIELDS.exec(text)?.[1];
  if (field === undefined) return text;
  return `${text}: if os.${field} is meant, that is not there, ${OUTSIDE}`;
}
