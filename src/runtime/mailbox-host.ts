/** The host `perdure:mailboxes`: mailboxes of the program around the runtime, by PID. */
import { ErrorKind, PerdureError } from '../core/errors.js';
import { formatPid, type Pid } from '../core/pid.js';
import { ACCEPTED, type Delivery, type Signal } from '../core/signal.js';
import type { Host, ProcessInfo, Spawned } from './host.js';
import type { Node } from './node.js';
import { type MailboxOwner, NodeMailbox } from './node-mailbox.js';
import { notFound } from './observer-host.js';

/** Messages a mailbox may hold before senders get RATE_LIMITED. */
const MAILBOX_LIMIT = 100_000;

export class MailboxHost implements Host, MailboxOwner {
  readonly id = 'perdure:mailboxes';
  private readonly mailboxes = new Map<Pid, NodeMailbox>();
  private last = 0;

  constructor(readonly node: Node) {}

  /** @throws PerdureError ALREADY_EXISTS where the name is taken. */
  open(name: string | null): NodeMailbox {
    const pid = formatPid(this.id, String(++this.last), this.node.name);
    if (name !== null && !this.node.names.register(name, pid)) {
      throw new PerdureError(ErrorKind.ALREADY_EXISTS, `name ${name} is taken`);
    }
    const mailbox = new NodeMailbox(pid, this);
    this.mailboxes.set(pid, mailbox);
    return mailbox;
  }

  closed(mailbox: NodeMailbox): void {
    this.mailboxes.delete(mailbox.pid);
    this.node.forget(mailbox.pid, { value: null, error: null });
  }

  deliver(pid: Pid, signal: Signal): Delivery {
    const mailbox = this.mailboxes.get(pid);
    if (mailbox === undefined) return { accepted: false, error: notFound(pid) };
    if (signal.kind === 'message' && mailbox.depth >= MAILBOX_LIMIT) {
      const message = `the mailbox of ${pid} is full: ${MAILBOX_LIMIT} messages are unread`;
      return { accepted: false, error: new PerdureError(ErrorKind.RATE_LIMITED, message) };
    }
    mailbox.put(signal);
    return ACCEPTED;
  }

  spawn(): Spawned {
    return { error: new PerdureError(ErrorKind.INVALID, `${this.id} does not run processes`) };
  }

  /** Mailboxes are not processes: nothing runs in them. */
  describe(): ProcessInfo | undefined {
    return undefined;
  }

  list(): readonly ProcessInfo[] {
    return [];
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    for (const mailbox of [...this.mailboxes.values()]) mailbox.close();
  }
}
