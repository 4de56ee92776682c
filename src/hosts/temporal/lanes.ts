/** Runs jobs of one key one after the other, and jobs of different keys side by side. */
export class Lanes {
  private readonly last = new Map<string, Promise<unknown>>();

  /** Runs `job` when every earlier one of `key` is done, however it ended. */
  async run<T>(key: string, job: () => Promise<T>): Promise<T> {
    const before = this.last.get(key);
    const mine = before === undefined ? job() : before.then(job, job);
    this.last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.last.get(key) === mine) this.last.delete(key);
    }
  }
}
