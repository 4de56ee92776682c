/**
 * Names for what differs from run to run. The same id gets the same name wherever it is seen, and names
 * are given in the order in which things are seen first: `RUN_1` of both servers is the same run.
 */

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** What Temporal's server says of an error that it does not tell, with a number for its log. */
const UNTOLD = /please retry \([0-9a-f]+\)/g;
/** gRPC's client says how it spent the time. */
const DEADLINE = /Deadline exceeded after .*/g;
/** A process of a machine. */
const PROCESS = /\b\d+@[\w.-]+@?/g;
const ISO_TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
/** Where in which file a failure was made. */
const FRAME = /\n\s+at .*/g;
/** Times as the SDK writes them into markers. */
const CLOCK = /\\?"seconds\\?":\d+,\\?"nanos\\?":\d+/g;
/** How far from the program's beginning a time is that was taken while it ran. */
const NOW_MS = 50_000;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

type Family = 'RUN' | 'REQUEST' | 'UUID';

export class Mask {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<Family, number>();
  readonly #begunMs = Date.now();

  /** @param prefix - of all ids that the program makes up; it is left out of them */
  constructor(readonly prefix: string) {}

  /** @param field - where the text is found, which says what an id in it is of */
  text(value: string, field: string): string {
    return value
      .replaceAll(this.prefix, 'my')
      .replaceAll(FRAME, '')
      .replaceAll(UNTOLD, 'please retry (<number>)')
      .replaceAll(DEADLINE, 'Deadline exceeded')
      .replaceAll(PROCESS, '<process>')
      .replaceAll(ISO_TIME, (time) =>
        Math.abs(Date.parse(time) - this.#begunMs) < DAY_MS ? this.time(Date.parse(time)) : time,
      )
      .replaceAll(CLOCK, '<time>')
      .replaceAll(UUID, (uuid) => this.#nameOf(uuid, familyOf(field)));
  }

  /** A time near to now is just that; a later one is told by its distance, or as it is where the program gave it. */
  time(ms: number): string {
    if (ms <= 0) return `<${ms}>`;
    const distance = ms - this.#begunMs;
    if (Math.abs(distance) < NOW_MS) return '<now>';
    if (ms % MINUTE_MS === 0) return new Date(ms).toISOString();
    if (Math.abs(distance) < DAY_MS) return `<now ${signed(Math.round(distance / MINUTE_MS))} min>`;
    return `<now ${signed(Math.round(distance / DAY_MS))} d>`;
  }

  #nameOf(uuid: string, family: Family): string {
    const known = this.#names.get(uuid);
    if (known !== undefined) return known;
    const count = (this.#counts.get(family) ?? 0) + 1;
    this.#counts.set(family, count);
    const name = `${family}_${count}`;
    this.#names.set(uuid, name);
    return name;
  }
}

function familyOf(field: string): Family {
  if (/run_?id/i.test(field)) return 'RUN';
  return /request_?id/i.test(field) ? 'REQUEST' : 'UUID';
}

const signed = (n: number) => (n < 0 ? `${n}` : `+${n}`);
