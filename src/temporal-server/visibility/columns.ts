/**
 * Columns of the index of runs: a cell a row, in typed arrays that grow with the rows. A row that nobody
 * uses is given again, so a column is as long as there were rows at a time.
 */

/** Texts that many rows have, each held once and known by a number; 0 is none. */
export class Dictionary {
  readonly #ids = new Map<string, number>();
  readonly #texts: string[] = [''];
  /** How many cells have it, by id. */
  readonly #uses: number[] = [0];
  readonly #free: number[] = [];

  get size(): number {
    return this.#ids.size;
  }

  text(id: number): string {
    return this.#texts[id] ?? '';
  }

  /** The text's id, for one more cell. */
  take(text: string): number {
    const known = this.#ids.get(text);
    const id = known ?? this.#free.pop() ?? this.#texts.length;
    if (known === undefined) {
      this.#ids.set(text, id);
      this.#texts[id] = text;
      this.#uses[id] = 0;
    }
    this.#uses[id] = (this.#uses[id] ?? 0) + 1;
    return id;
  }

  /** One cell less has it. */
  leave(id: number): void {
    if (id === 0) return;
    const uses = (this.#uses[id] ?? 0) - 1;
    this.#uses[id] = uses;
    if (uses > 0) return;
    this.#ids.delete(this.text(id));
    this.#texts[id] = '';
    this.#free.push(id);
  }
}

const FIRST_ROWS = 64;

function grown(rows: number, row: number): number {
  return Math.max(FIRST_ROWS, rows * 2, row + 1);
}

/** Numbers; NaN in the array is none. */
export class NumberColumn {
  #cells = new Float64Array(0);

  get(row: number): number | undefined {
    const cell = this.#cells[row];
    return cell === undefined || Number.isNaN(cell) ? undefined : cell;
  }

  set(row: number, value: number | undefined): void {
    if (row >= this.#cells.length) {
      if (value === undefined) return;
      const cells = new Float64Array(grown(this.#cells.length, row)).fill(Number.NaN);
      cells.set(this.#cells);
      this.#cells = cells;
    }
    this.#cells[row] = value ?? Number.NaN;
  }
}

/** Texts, by their ids in a dictionary that columns share. */
export class TextColumn {
  readonly #dictionary: Dictionary;
  #cells = new Uint32Array(0);

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary;
  }

  get(row: number): string | undefined {
    const id = this.#cells[row];
    return id ? this.#dictionary.text(id) : undefined;
  }

  set(row: number, value: string | undefined): void {
    if (row >= this.#cells.length) {
      if (value === undefined) return;
      const cells = new Uint32Array(grown(this.#cells.length, row));
      cells.set(this.#cells);
      this.#cells = cells;
    }
    const before = this.#cells[row] ?? 0;
    this.#cells[row] = value === undefined ? 0 : this.#dictionary.take(value);
    this.#dictionary.leave(before);
  }
}
