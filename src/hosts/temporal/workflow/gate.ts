/**
 * The gate before activities, children and signals. A server takes so many of each at a time from one run,
 * and so many bytes of commands at the end of one task; past either the task fails, and is tried again for
 * ever. So what is too much waits here.
 *
 * Invariants:
 * 1. What waits goes on in the order in which it came, of its kind; nothing overtakes it.
 * 2. Everything here follows from the history alone, so a replay issues each command where it was.
 */
import { CancellationScope, sleep, workflowInfo } from '@temporalio/workflow';
import { cancellable } from './shield.js';

/** Of one kind at a time; the server's own limit is 2,000. */
const MAX_PENDING = 1000;

/** Bytes of commands in one activation. The server takes 4 MiB, other commands and framing among them. */
const MAX_TASK_BYTES = 3 * 1024 * 1024;

/** What a command has beside its payloads: names, options, framing. */
const COMMAND_BYTES = 500;

interface Waiting {
  readonly lane: Lane;
  readonly bytes: number;
  readonly go: () => void;
}

class Lane {
  pending = 0;
}

export type GateKind = 'activity' | 'child' | 'signal';

export class Gate {
  /** The length of the history tells workflow tasks apart, live and in a replay alike. */
  private task = -1;
  private taskBytes = 0;
  private waiting: Waiting[] = [];
  private readonly lanes = { activity: new Lane(), child: new Lane(), signal: new Lane() };
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
    if (this.waiting.every((other) => other.lane !== lane) && this.enter(lane, size)) return run();
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ lane, bytes: size, go: () => run().then(resolve, reject) });
      this.renewLater();
    });
  }

  private enter(lane: Lane, bytes: number): boolean {
    const { historyLength } = workflowInfo();
    if (historyLength !== this.task) {
      this.task = historyLength;
      this.taskBytes = 0;
    }
    if (lane.pending >= MAX_PENDING) return false;
    if (this.taskBytes > 0 && this.taskBytes + bytes > MAX_TASK_BYTES) return false;
    lane.pending++;
    this.taskBytes += bytes;
    return true;
  }

  private advance(): void {
    if (this.waiting.length === 0) return;
    const before = this.waiting;
    this.waiting = [];
    const blocked = new Set<Lane>();
    for (const item of before) {
      if (!blocked.has(item.lane) && this.enter(item.lane, item.bytes)) item.go();
      else {
        blocked.add(item.lane);
        this.waiting.push(item);
      }
    }
    this.renewLater();
  }

  /** What waits for bytes needs another task: a timer brings one, should nothing else. */
  private renewLater(): void {
    if (this.renewing || !this.waiting.some(({ lane }) => lane.pending < MAX_PENDING)) return;
    this.renewing = true;
    const renew = (): void => {
      this.renewing = false;
      this.advance();
    };
    cancellable(() => sleep(1)).result.then(renew, renew);
  }
}
