/** What the command says to people: on stderr, so that stdout carries data alone. */

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** An error in one line, and what to do about it in another. */
export function complain(what: string, advice?: string): void {
  process.stderr.write(`perdure: ${what}\n`);
  if (advice !== undefined) process.stderr.write(`  → ${advice}\n`);
}
