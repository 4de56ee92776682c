/**
 * What is known by a namespace and an id in it, as the key of a map.
 *
 * A namespace may have any characters, as on Temporal: its length says where it ends, and no separator does.
 */
export function pairKey(namespace: string, id: string): string {
  return `${namespace.length}\n${namespace}${id}`;
}
