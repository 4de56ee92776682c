/**
 * Lua sources: `file://PATH`, relative to the folder of the `_index.yaml` that names it, or Lua code in
 * the entry itself. No source may lie outside the app folder, by `..` or by a link. A file that
 * several entries name is read once.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import * as path from 'node:path';
import type { LuaSource } from './entry.js';
import { didYouMean, type Position } from './problem.js';

const SCHEME = 'file://';

export type SourceResult =
  | { readonly source: LuaSource }
  | { readonly message: string; readonly hint?: string };

export class SourceReader {
  readonly #root: string;
  readonly #byPath = new Map<string, SourceResult>();

  /** @param dir the app folder; absolute. */
  constructor(dir: string) {
    this.#root = realpathSync(dir);
  }

  /** The source that `written` stands for, in an `_index.yaml` in `folder`; `at` is where it is written. */
  read(written: string, folder: string, at: Position): SourceResult {
    if (written.startsWith(SCHEME)) {
      const file = path.resolve(folder, written.slice(SCHEME.length));
      const known = this.#byPath.get(file) ?? this.#readFile(file);
      this.#byPath.set(file, known);
      return known;
    }
    if (/^\S+\.lua$/.test(written)) {
      return {
        message: `is the name of a file, not Lua code`,
        hint: `write ${SCHEME}${written}`,
      };
    }
    return { source: { file: at.file, line: at.line, text: written, hash: sha256(written) } };
  }

  #readFile(file: string): SourceResult {
    const shown = path.relative(this.#root, file).split(path.sep).join('/');
    try {
      const real = realpathSync(file);
      if (!isInside(this.#root, real)) {
        return { message: `${shown} lies outside the app folder`, hint: 'move it into the folder' };
      }
      const bytes = readFileSync(real);
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      return { source: { file: shown, line: 1, text, hash: sha256(text) } };
    } catch (thrown) {
      return this.#explain(thrown, file, shown);
    }
  }

  #explain(thrown: unknown, file: string, shown: string): SourceResult {
    switch ((thrown as { code?: unknown }).code) {
      case 'ENOENT':
      case 'ENOTDIR': {
        const hint = isInside(this.#root, file)
          ? didYouMean(path.basename(file), neighbours(file))
          : {};
        return { message: `there is no file ${shown}`, ...hint };
      }
      case 'EISDIR':
        return { message: `${shown} is a folder, not a file` };
      case 'ERR_ENCODING_INVALID_ENCODED_DATA':
        return { message: `${shown} is not UTF-8 text` };
      default:
        return { message: `${shown} cannot be read: ${String((thrown as Error).message)}` };
    }
  }
}

/** Whether `file` is `root` or lies below it; both absolute. */
function isInside(root: string, file: string): boolean {
  const relative = path.relative(root, file);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

/** Names in the folder of `file`, for a suggestion; none where there is no such folder. */
function neighbours(file: string): string[] {
  try {
    return readdirSync(path.dirname(file)).sort();
  } catch {
    return []; // The folder is missing as well: nothing to suggest.
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
