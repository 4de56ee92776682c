/** Finds the `_index.yaml` files of an app folder, its sub-folders included. */
import { readdirSync } from 'node:fs';
import * as path from 'node:path';

export const INDEX_FILE = '_index.yaml';

/** Folders that hold no entries, whatever is in them; those that start with a dot neither. */
const SKIPPED = new Set(['node_modules']);

/**
 * Paths relative to `dir`, with `/` between the parts, sorted. Links to folders are not followed: they
 * could lead outside, or round in circles.
 */
export function findIndexFiles(dir: string): string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const item of readdirSync(path.join(dir, folder), { withFileTypes: true })) {
      const inside = folder === '' ? item.name : `${folder}/${item.name}`;
      if (item.isDirectory()) {
        if (!item.name.startsWith('.') && !SKIPPED.has(item.name)) visit(inside);
      } else if (item.name === INDEX_FILE) {
        found.push(inside);
      }
    }
  };
  visit('');
  return found.sort();
}
