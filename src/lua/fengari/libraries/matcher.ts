/**
 * Lua's pattern matcher, on bytes: fengari's own can neither be counted nor stopped, and a pattern that
 * backtracks takes time that grows exponentially with its length.
 *
 * Invariant: every loop tells {@link Work} what it does, so that no match goes on unseen.
 */

/** What a match is done for: it is told of the work, and is where errors are raised. */
export interface Work {
  /** `steps` bytes or items of the pattern were looked at. */
  steps(steps: number): void;
  raise(text: string): never;
}

interface Capture {
  init: number;
  /** Bytes; or one of the two below. */
  length: number;
}

const UNFINISHED = -1;
const POSITION = -2;

const MAX_CAPTURES = 32;
const MAX_DEPTH = 200;
/** Steps between two reports. */
const REPORT = 1000;

const ESCAPE = 37;
const OPEN = 40;
const CLOSE = 41;
const STAR = 42;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const QUESTION = 63;
const BRACKET = 91;
const BRACKET_END = 93;
const CARET = 94;
const DOLLAR = 36;
const LOWER_B = 98;
const LOWER_F = 102;

const NO_MATCH = -1;

/** One subject and one pattern; {@link Matcher.at} may be called for many places. */
export class Matcher {
  private readonly captures: Capture[] = [];
  private level = 0;
  private depth = 0;
  private unreported = 0;

  /** @param pattern without the `^` of an anchored one */
  constructor(
    readonly subject: Uint8Array,
    private readonly pattern: Uint8Array,
    private readonly work: Work,
  ) {}

  /** Where a match that begins at `start` ends, or -1. */
  at(start: number): number {
    this.level = 0;
    this.depth = 0;
    return this.match(start, 0);
  }

  /** How many captures the last match has; one without any has itself. */
  get count(): number {
    return Math.max(1, this.level);
  }

  /** Whether the pattern has captures of its own. */
  get hasCaptures(): boolean {
    return this.level > 0;
  }

  /** A capture of the match from `start` to `end`: its bytes, or a position that counts from 1. */
  capture(index: number, start: number, end: number): Uint8Array | number {
    if (index >= this.level) {
      if (index !== 0) this.work.raise(`invalid capture index %${index + 1}`);
      return this.subject.slice(start, end);
    }
    const { init, length } = this.captures[index] as Capture;
    if (length === UNFINISHED) this.work.raise('unfinished capture');
    return length === POSITION ? init + 1 : this.subject.slice(init, init + length);
  }

  /** Reports what has not been reported yet. */
  flush(): void {
    const { unreported } = this;
    this.unreported = 0;
    if (unreported > 0) this.work.steps(unreported);
  }

  private step(steps = 1): void {
    this.unreported += steps;
    if (this.unreported >= REPORT) this.flush();
  }

  private match(from: number, at: number): number {
    if (this.depth++ === MAX_DEPTH) this.work.raise('pattern too complex');
    const end = this.matchItems(from, at);
    this.depth--;
    return end;
  }

  private matchItems(from: number, at: number): number {
    const { pattern } = this;
    let s = from;
    let p = at;
    while (p !== pattern.length) {
      this.step();
      switch (pattern[p]) {
        case OPEN:
          return pattern[p + 1] === CLOSE
            ? this.startCapture(s, p + 2, POSITION)
            : this.startCapture(s, p + 1, UNFINISHED);
        case CLOSE:
          return this.endCapture(s, p + 1);
        case DOLLAR:
          if (p + 1 === pattern.length) return s === this.subject.length ? s : NO_MATCH;
          break;
        case ESCAPE: {
          const next = this.matchEscape(s, p);
          if (next === null) break;
          if (next.s === NO_MATCH) return NO_MATCH;
          ({ s, p } = next);
          continue;
        }
      }
      const end = this.classEnd(p);
      const suffix = pattern[end];
      if (suffix === STAR) return this.maxExpand(s, p, end, 0);
      if (suffix === PLUS) return this.maxExpand(s, p, end, 1);
      if (suffix === MINUS) return this.minExpand(s, p, end);
      const matches = this.single(s, p, end);
      if (suffix === QUESTION) {
        const rest = matches ? this.match(s + 1, end + 1) : NO_MATCH;
        if (rest !== NO_MATCH) return rest;
        p = end + 1;
      } else {
        if (!matches) return NO_MATCH;
        s++;
        p = end;
      }
    }
    return s;
  }

  /** `%b`, `%f` and `%1`; null for an escape that is a class. */
  private matchEscape(s: number, p: number): { s: number; p: number } | null {
    const letter = this.pattern[p + 1];
    if (letter === LOWER_B) return { s: this.balance(s, p + 2), p: p + 4 };
    if (letter === LOWER_F) return this.frontier(s, p + 2);
    if (letter !== undefined && letter >= DIGIT_0 && letter <= DIGIT_9) {
      return { s: this.sameAsCapture(s, letter - DIGIT_0 - 1), p: p + 2 };
    }
    return null;
  }

  private balance(s: number, p: number): number {
    const { pattern, subject } = this;
    if (p + 1 >= pattern.length) this.work.raise("malformed pattern (missing arguments to '%b')");
    const open = pattern[p];
    const close = pattern[p + 1];
    if (s >= subject.length || subject[s] !== open) return NO_MATCH;
    let nested = 1;
    for (let i = s + 1; i < subject.length; i++) {
      this.step();
      if (subject[i] === close) {
        if (--nested === 0) return i + 1;
      } else if (subject[i] === open) nested++;
    }
    return NO_MATCH;
  }

  private frontier(s: number, p: number): { s: number; p: number } {
    if (this.pattern[p] !== BRACKET) this.work.raise("missing '[' after '%f' in pattern");
    const end = this.classEnd(p);
    const before = s === 0 ? 0 : (this.subject[s - 1] as number);
    const here = this.subject[s] ?? 0;
    const edge = !this.inSet(before, p, end - 1) && this.inSet(here, p, end - 1);
    return { s: edge ? s : NO_MATCH, p: end };
  }

  private sameAsCapture(s: number, index: number): number {
    const capture = index < this.level ? this.captures[index] : undefined;
    if (capture === undefined || capture.length === UNFINISHED) {
      return this.work.raise(`invalid capture index %${index + 1}`);
    }
    const length = Math.max(0, capture.length);
    if (this.subject.length - s < length) return NO_MATCH;
    this.step(length);
    for (let i = 0; i < length; i++) {
      if (this.subject[capture.init + i] !== this.subject[s + i]) return NO_MATCH;
    }
    return s + length;
  }

  /** As many as there are, then fewer and fewer, down to `least`. */
  private maxExpand(s: number, p: number, end: number, least: number): number {
    let count = 0;
    while (this.single(s + count, p, end)) count++;
    for (; count >= least; count--) {
      const rest = this.match(s + count, end + 1);
      if (rest !== NO_MATCH) return rest;
    }
    return NO_MATCH;
  }

  private minExpand(s: number, p: number, end: number): number {
    for (let at = s; ; at++) {
      const rest = this.match(at, end + 1);
      if (rest !== NO_MATCH) return rest;
      if (!this.single(at, p, end)) return NO_MATCH;
    }
  }

  private startCapture(s: number, p: number, length: number): number {
    if (this.level >= MAX_CAPTURES) this.work.raise('too many captures');
    this.captures[this.level++] = { init: s, length };
    const end = this.match(s, p);
    if (end === NO_MATCH) this.level--;
    return end;
  }

  private endCapture(s: number, p: number): number {
    const capture = this.captureToClose();
    capture.length = s - capture.init;
    const end = this.match(s, p);
    if (end === NO_MATCH) capture.length = UNFINISHED;
    return end;
  }

  private captureToClose(): Capture {
    for (let i = this.level - 1; i >= 0; i--) {
      const capture = this.captures[i] as Capture;
      if (capture.length === UNFINISHED) return capture;
    }
    return this.work.raise('invalid pattern capture');
  }

  /** Where the class that begins at `p` ends. */
  private classEnd(from: number): number {
    const { pattern } = this;
    let p = from;
    const first = pattern[p++];
    if (first === ESCAPE) {
      if (p === pattern.length) this.work.raise("malformed pattern (ends with '%')");
      return p + 1;
    }
    if (first !== BRACKET) return p;
    if (pattern[p] === CARET) p++;
    do {
      if (p >= pattern.length) this.work.raise("malformed pattern (missing ']')");
      if (pattern[p++] === ESCAPE && p < pattern.length) p++;
    } while (pattern[p] !== BRACKET_END);
    this.step(p - from);
    return p + 1;
  }

  private single(s: number, p: number, end: number): boolean {
    this.step();
    if (s >= this.subject.length) return false;
    const byte = this.subject[s] as number;
    const first = this.pattern[p] as number;
    if (first === DOT) return true;
    if (first === ESCAPE) return inClass(byte, this.pattern[p + 1] as number);
    return first === BRACKET ? this.inSet(byte, p, end - 1) : first === byte;
  }

  /** Whether a byte is in the set from `[` at `from` to `]` at `end`. */
  private inSet(byte: number, from: number, end: number): boolean {
    const { pattern } = this;
    let p = from + 1;
    const wanted = pattern[p] !== CARET;
    if (!wanted) p++;
    this.step(end - p);
    for (; p < end; p++) {
      const item = pattern[p] as number;
      if (item === ESCAPE) {
        if (inClass(byte, pattern[++p] as number)) return wanted;
      } else if (pattern[p + 1] === MINUS && p + 2 < end) {
        p += 2;
        if (item <= byte && byte <= (pattern[p] as number)) return wanted;
      } else if (item === byte) return wanted;
    }
    return !wanted;
  }
}

/** Where `pattern` stands in `subject`, byte for byte, from `start` on; -1 where it does not. */
export function indexOfBytes(
  subject: Uint8Array,
  pattern: Uint8Array,
  start: number,
  work: Work,
): number {
  const last = subject.length - pattern.length;
  if (pattern.length === 0) return start;
  let looked = 0;
  for (let s = start; s <= last; s++) {
    let same = 0;
    while (same < pattern.length && subject[s + same] === pattern[same]) same++;
    if (same === pattern.length) return s;
    looked += same + 1;
    if (looked < REPORT) continue;
    work.steps(looked);
    looked = 0;
  }
  return -1;
}

const within = (byte: number, first: number, last: number): boolean =>
  byte >= first && byte <= last;
const isLower = (byte: number): boolean => within(byte, 97, 122);
const isUpper = (byte: number): boolean => within(byte, 65, 90);
const isDigit = (byte: number): boolean => within(byte, DIGIT_0, DIGIT_9);
const isLetter = (byte: number): boolean => isLower(byte) || isUpper(byte);
const isGraph = (byte: number): boolean => within(byte, 33, 126);

/** Classes by the byte of their lower-case letter. */
const CLASSES: ReadonlyMap<number, (byte: number) => boolean> = new Map(
  Object.entries({
    a: isLetter,
    c: (byte: number) => byte < 32 || byte === 127,
    d: isDigit,
    g: isGraph,
    l: isLower,
    p: (byte: number) => isGraph(byte) && !isLetter(byte) && !isDigit(byte),
    s: (byte: number) => byte === 32 || within(byte, 9, 13),
    u: isUpper,
    w: (byte: number) => isLetter(byte) || isDigit(byte),
    x: (byte: number) => isDigit(byte) || within(byte, 97, 102) || within(byte, 65, 70),
    z: (byte: number) => byte === 0,
  }).map(([letter, test]) => [letter.charCodeAt(0), test]),
);

/** `%a` and the like; an upper-case letter is what the class is not, and any other byte is itself. */
function inClass(byte: number, letter: number): boolean {
  const test = CLASSES.get(letter | 0x20);
  if (test === undefined || !isLetter(letter)) return letter === byte;
  return test(byte) === isLower(letter);
}
