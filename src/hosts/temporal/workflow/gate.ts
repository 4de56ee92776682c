/**
 * The gate before activities, children, signals and cancel requests. A server takes so many of each at a time from one run,
 * and so many bytes of commands at the end of one task; past either the task fails, and is tried again for
 * ever. So what is too much waits here.
 *
 * Invariants:
 * 1. What waits goes on in the order in which it came, of its kind; nothing overtakes it.
 * 2. Everything here follows from the history alone, so a replay issues each command where it was.
 */
import { CancellationScope, sleep, workflowInfo } from '@temporalio/workflow';
import { Queue } from '../../../core/queue.js';
import { cancellable } from './shield.js';

/**
 * Of one kind at a time. The server's own limit is 2,000, of activities all together: those that last must
 * not take the places of those that come and go.
 */
const MAX_PENDING = 1000;
const MAX_LASTING = 900;

/** Bytes of commands in one activation. The server takes 4 MiB, other commands and framing among them. */
const MAX_TASK_BYTES = 3 * 1024 * 1024;

/** What a command has beside its payloads: names, options, framing. */
const COMMAND_BYTES = 500;

interface Waiting {
  /** Its place among all that wait. */
  readonly place: number;
  readonly bytes: number;
  readonly go: () => void;
}

class Lane {
  pending = 0;
  readonly waiting = new Queue<Waiting>();

  constructor(readonly limit: number) {}
}

export type GateKind = 'activity' | 'lasting' | 'child' | 'signal' | 'cancel';

export class Gate {
  /** The length of the history tells workflow tasks apart, live and in a replay alike. */
  private task = -1;
  private taskBytes = 0;
  private lastPlace = 0;
  private readonly lanes: { readonly [K in GateKind]: Lane } = {
    activity: new Lane(MAX_PENDING),
    lasting: new Lane(MAX_LASTING),
    child: new Lane(MAX_PENDING),
    signal: new Lane(MAX_PENDING),
    cancel: new Lane(MAX_PENDING),
  };
  private renewing = false;

  /**
   * Runs `issue`, which issues one command with so many bytes of payloads: at once, or when there is room.
   * The command holds its place until `end` of it settles.
   */
  pass<T>(
    kind: GateKind,
    bytes: number,
    issue: () => Promise<T>,
    end: (issued: Promise<T>) => Promise<unknown> = (issued) => issued,
  ): Promise<T> {
    const lane = this.lanes[kind];
    const scope = CancellationScope.current();
    const run = (): Promise<T> => {
      const issued = scope.run(issue);
      const leave = (): void => {
        lane.pending--;
        this.advance();
      };
      end(issued).then(leave, leave);
      return issued;
    };
    const size = bytes + COMMAND_BYTES;
    if (lane.waiting.first === undefined && this.enter(lane, size)) return run();
    return new Promise<T>((resolve, reject) => {
      const place = ++this.lastPlace;
      lane.waiting.push({ place, bytes: size, go: () => run().then(resolve, reject) });
      this.renewLater();
    });
  }

  private enter(lane: Lane, bytes: number): boolean {
    const { historyLength } = workflowInfo();
    if (historyLength !== this.task) {
      this.task = historyLength;
      this.taskBytes = 0;
    }
    if (lane.pending >= lane.limit) return false;
    if (this.taskBytes > 0 && this.taskBytes + bytes > MAX_TASK_BYTES) return false;
    lane.pending++;
    this.taskBytes += bytes;
    return true;
  }

  private advance(): void {
    for (let open = Object.values(this.lanes); ; ) {
      const lane = firstOf(open);
      if (lane === undefined) break;
      const { bytes, go } = lane.waiting.first as Waiting;
      if (this.enter(lane, bytes)) {
        lane.waiting.shift();
        go();
      } else open = open.filter((other) => other !== lane);
    }
    this.renewLater();
  }

  /** What waits for bytes needs another task: a timer brings one, should nothing else. */
  private renewLater(): void {
    if (this.renewing || !Object.values(this.lanes).some(waitsForBytes)) return;
    this.renewing = true;
    const renew = (): void => {
      this.renewing = false;
      this.advance();
    };
    cancellable(() => sleep(1)).result.then(renew, renew);
  }
}

const waitsForBytes = ({ waiting, pending, limit }: Lane): boolean =>
  waiting.first !== undefined && pending < limit;

/** The lane where that waits which came first. */
function firstOf(lanes: readonly Lane[]): Lane | undefined {
  let first: Lane | undefined;
  let place = Number.POSITIVE_INFINITY;
  for (const lane of lanes) {
    const head = lane.waiting.first;
    if (head === undefined || head.place > place) continue;
    first = lane;
    place = head.place;
  }
  return first;
}
