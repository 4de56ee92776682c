/** Makes entries of what is written, and collects what was found on the way: problems, warnings, references. */
import * as path from 'node:path';
import { isPerdureError } from '../core/errors.js';
import { copyValue, type Value } from '../core/payload.js';
import type { Entry, EntryBase, LuaSource, Meta } from './entry.js';
import type { WrittenEntry } from './index-file.js';
import { type Finding, findings } from './issues.js';
import { isEntryKind, kinds } from './kinds/index.js';
import type { BuildContext } from './kinds/kind.js';
import { didYouMean, type FieldPath, formatPath, type Problem } from './problem.js';
import type { Reference } from './references.js';
import { SourceReader } from './source.js';

export class EntryBuilder {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly references: Reference[] = [];
  readonly #sources: SourceReader;

  /**
   * @param dir the app folder; absolute.
   * @param modules names of the modules there are; without it, module names are not checked.
   */
  constructor(
    private readonly dir: string,
    private readonly modules: ReadonlySet<string> | undefined,
  ) {
    this.#sources = new SourceReader(dir);
  }

  /**
   * The entry. Where its kind does not accept what is written, the entry without the fields that are
   * wrong, so that what is wrong with the others is found as well; `undefined` where that is no entry either.
   */
  build(written: WrittenEntry): Entry | undefined {
    if (!isEntryKind(written.kind)) return undefined;
    const kind = kinds[written.kind];
    const parsed = kind.parse(written.value);
    if ('build' in parsed) return parsed.build(this.#context(written));
    const found = findings(kind.schema, parsed.issues);
    for (const { path: at, part, ...words } of found) {
      this.problems.push(this.#problem(written, at, words, part));
    }
    const rest = kind.parse(without(written.value, found));
    return 'build' in rest ? rest.build(this.#context(written)) : undefined;
  }

  #context(written: WrittenEntry): BuildContext {
    const report = (at: FieldPath, message: string, hint?: { hint?: string }): void => {
      this.problems.push(this.#problem(written, at, { message, ...hint }));
    };
    return {
      base: this.#base(written),
      ref: (target, at, rule) => {
        const to = target.includes(':') ? target : `${written.namespace}:${target}`;
        this.references.push({ from: written, path: at, to, rule });
        return to;
      },
      source: (text, at) => this.#source(written, text, at),
      filePath: (name) => path.resolve(this.#folder(written), name),
      value: (value, at) => this.#value(written, value, at),
      modules: (names, at) => {
        const known = this.modules;
        if (known === undefined) return;
        for (const [i, name] of names.entries()) {
          if (!known.has(name))
            report([...at, i], `there is no module ${name}`, didYouMean(name, known));
        }
      },
      problem: (at, message, hint) => report(at, message, hint === undefined ? {} : { hint }),
      warn: (at, message) => this.warnings.push(this.#problem(written, at, { message })),
    };
  }

  #base(written: WrittenEntry): EntryBase {
    const { id, namespace, name, document } = written;
    const meta = this.#value(written, written.value.meta, ['meta']) ?? {};
    return { id, namespace, name, at: document.position(written.path), meta: meta as Meta };
  }

  #source(written: WrittenEntry, text: string, at: FieldPath): LuaSource {
    const position = written.document.position([...written.path, ...at]);
    const result = this.#sources.read(text, this.#folder(written), position);
    if ('source' in result) return result.source;
    this.problems.push(this.#problem(written, at, result));
    return { file: position.file, line: position.line, text: '', hash: '' };
  }

  #value(written: WrittenEntry, value: unknown, at: FieldPath): Value | undefined {
    if (value === undefined) return undefined;
    try {
      return copyValue(value, formatPath(at) ?? '');
    } catch (thrown) {
      if (!isPerdureError(thrown)) throw thrown;
      this.problems.push(this.#problem(written, at, { message: thrown.message }));
      return undefined;
    }
  }

  #folder(written: WrittenEntry): string {
    return path.join(this.dir, path.dirname(written.document.file));
  }

  #problem(
    written: WrittenEntry,
    at: FieldPath,
    words: { readonly message: string; readonly hint?: string },
    part: 'key' | 'value' = 'value',
  ): Problem {
    const position = written.document.position([...written.path, ...at], part);
    return { ...position, entry: written.id, field: formatPath(at), ...words };
  }
}

/** A copy of `value` without the fields that were found to be wrong. */
function without(value: unknown, found: readonly Finding[]): unknown {
  const copy: unknown = structuredClone(value);
  for (const { path: at } of found) {
    const parent = at.slice(0, -1).reduce<unknown>(child, copy);
    const last = at.at(-1);
    if (last !== undefined && typeof parent === 'object' && parent !== null) {
      Reflect.deleteProperty(parent, last);
    }
  }
  return copy;
}

const child = (value: unknown, key: string | number): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
