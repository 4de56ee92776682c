/**
 * Whether a Temporal server still answers, has the namespace, and lets us in. The SDK's workers go on trying
 * by themselves, for as long as it takes and in silence; this is so that somebody hears of it.
 */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { TemporalClient } from './client.js';

/** A call that takes longer has found nobody. */
const PATIENCE_MS = 5_000;

/** Any other error is one of a server that works. */
const AWAY: ReadonlySet<ErrorKind> = new Set([ErrorKind.UNAVAILABLE, ErrorKind.TIMEOUT]);
const LOST: ReadonlySet<ErrorKind> = new Set([ErrorKind.NOT_FOUND, ErrorKind.PERMISSION_DENIED]);

export class HealthWatch {
  /** Why the server does not answer; null while it does. */
  error: PerdureError | null = null;
  private timer: NodeJS.Timeout;
  private stopped = false;

  /** @param changed told once when the server stops answering, and once when it answers again. */
  constructor(
    private readonly client: TemporalClient,
    private readonly intervalMs: number,
    private readonly changed: (error: PerdureError | null) => void,
  ) {
    this.timer = this.later();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private later(): NodeJS.Timeout {
    return setTimeout(() => void this.look(), this.intervalMs).unref();
  }

  private async look(): Promise<void> {
    const error = await this.ask();
    if (this.stopped) return;
    const before = this.error;
    this.error = error;
    if ((before === null) !== (error === null)) this.changed(error);
    this.timer = this.later();
  }

  private async ask(): Promise<PerdureError | null> {
    try {
      await this.client.check(PATIENCE_MS);
      return null;
    } catch (thrown) {
      const error = PerdureError.from(thrown);
      if (LOST.has(error.kind)) return error;
      if (!AWAY.has(error.kind)) return null;
      return new PerdureError(
        ErrorKind.UNAVAILABLE,
        `the Temporal server at ${this.client.address} does not answer (${error.message}); what runs ` +
          'there goes on when it does',
        { cause: thrown },
      );
    }
  }
}
