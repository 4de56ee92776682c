/**
 * YAML text as data, with the place of every node. The data and the places come from the same parser
 * events, so they cannot disagree.
 */
import * as yaml from 'js-yaml';
import type { FieldPath, Position, Problem } from './problem.js';

export interface YamlDocument {
  readonly file: string;
  readonly value: unknown;
  /**
   * Where the node at `path` is written; the nearest node above it where there is none (a missing
   * field). With `'key'`, where its key is written.
   */
  position(path: FieldPath, part?: 'key' | 'value'): Position;
}

export type YamlResult = { readonly document: YamlDocument } | { readonly problem: Problem };

/** Offsets of one node and of those inside it; `key` is the node's own place where it has no key. */
interface Place {
  readonly start: number;
  readonly key: number;
  readonly inside: ReadonlyMap<string, Place>;
}

const SCHEMA = yaml.CORE_SCHEMA.withTags(yaml.mergeTag);

/** Parses the one YAML document in `text`; `file` names it in positions. */
export function parseYaml(file: string, text: string): YamlResult {
  const toPosition = positions(file, text);
  const problem = (at: Position, message: string): YamlResult => ({
    problem: { ...at, entry: null, field: null, message },
  });
  try {
    const events = yaml.parseEvents(text, { filename: file });
    const documents = yaml.constructFromEvents(events, { source: text, schema: SCHEMA });
    if (documents.length === 0) return problem(toPosition(0), 'the file is empty');
    const root = places(text, events);
    if (documents.length > 1) {
      return problem(toPosition(root.start), 'the file holds several YAML documents; expected one');
    }
    const position = (path: FieldPath, part: 'key' | 'value' = 'value'): Position => {
      const place = find(root, path);
      return toPosition(part === 'key' ? place.key : place.start);
    };
    return { document: { file, value: documents[0], position } };
  } catch (thrown) {
    if (!(thrown instanceof yaml.YAMLException)) throw thrown;
    const at = thrown.mark;
    const where = { file, line: (at?.line ?? 0) + 1, column: (at?.column ?? 0) + 1 };
    return problem(where, `not valid YAML: ${thrown.reason}`);
  }
}

function find(root: Place, path: FieldPath): Place {
  let place = root;
  for (const part of path) {
    const next = place.inside.get(String(part));
    if (next === undefined) return place;
    place = next;
  }
  return place;
}

/** Turns an offset into a line and a column, both from 1. */
function positions(file: string, text: string): (offset: number) => Position {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) {
    starts.push(end + 1);
  }
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

const NOTHING: ReadonlyMap<string, Place> = new Map();

/** The places of the first document's nodes. */
function places(text: string, events: readonly yaml.Event[]): Place {
  const { EVENT_ID } = yaml;
  const anchors = new Map<string, Place>();
  let next = 0;

  const read = (key: number | undefined, fallback: number): Place => {
    const event = events[next++];
    if (event === undefined || event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP) {
      return { start: fallback, key: key ?? fallback, inside: NOTHING };
    }
    const anchor = text.slice(Math.max(event.anchorStart, 0), Math.max(event.anchorEnd, 0));
    if (event.type === EVENT_ID.ALIAS) {
      const start = event.anchorStart - 1;
      return { start, key: key ?? start, inside: anchors.get(anchor)?.inside ?? NOTHING };
    }
    const start = event.type === EVENT_ID.SCALAR ? scalarStart(event, fallback) : event.start;
    const inside = new Map<string, Place>();
    const place = { start, key: key ?? start, inside };
    if (anchor !== '') anchors.set(anchor, place);
    if (event.type === EVENT_ID.SEQUENCE) {
      for (let i = 0; !atPop(); i++) inside.set(String(i), read(undefined, start));
    } else if (event.type === EVENT_ID.MAPPING) {
      while (!atPop()) {
        const keyEvent = events[next];
        const keyPlace = read(undefined, start);
        const name = keyEvent?.type === EVENT_ID.SCALAR ? yaml.getScalarValue(text, keyEvent) : '';
        inside.set(name, read(keyPlace.start, keyPlace.start));
      }
    }
    return place;
  };
  const atPop = (): boolean => {
    if (events[next]?.type !== EVENT_ID.POP && next < events.length) return false;
    next++;
    return true;
  };

  next = 1;
  return read(undefined, 0);
}

/** A quoted scalar starts at its quote; an absent one stands at its key. */
function scalarStart(event: yaml.ScalarEvent, fallback: number): number {
  if (event.valueStart < 0) return fallback;
  const quoted =
    event.style === yaml.SCALAR_STYLE.SINGLE_QUOTED ||
    event.style === yaml.SCALAR_STYLE.DOUBLE_QUOTED;
  return quoted ? event.valueStart - 1 : event.valueStart;
}
