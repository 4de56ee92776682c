/** What is done on a server that has warmed up, {@link WIDTH} at a time. Each gives how many a second. */
import { sustained } from '../support/load.js';
import type { ByHand } from './by-hand.js';

export const WIDTH = 50;
const STEPS = 5;

export async function hello(by: ByHand, n: number): Promise<number> {
  const one = async () => {
    await by.start();
    await by.complete(await by.task());
  };
  return sustained(n, WIDTH, one);
}

export async function signals(by: ByHand, n: number): Promise<number> {
  const workflows = await Promise.all(Array.from({ length: WIDTH }, () => by.start()));
  return sustained(n, WIDTH, async (i) => {
    await by.signal(workflows[i % WIDTH] ?? '');
  });
}

export async function activities(by: ByHand, n: number): Promise<number> {
  const one = async () => {
    await by.start();
    for (let step = 0; step < STEPS; step++) await by.step(await by.task(), `${step}`);
    await by.complete(await by.task());
  };
  return (await sustained(n / STEPS, WIDTH, one)) * STEPS;
}
