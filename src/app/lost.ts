/** What a person is told when an embedded server that kept its data in memory has ended. */

/** @param open - workflows that were open then. @returns nothing where there were none */
export function lostWith(open: number): string | undefined {
  if (open === 0) return undefined;
  const [workflows, are] = open === 1 ? ['workflow', 'is'] : ['workflows', 'are'];
  return `${open} open ${workflows} lived in memory and ${are} gone; --db-filename FILE keeps them`;
}
