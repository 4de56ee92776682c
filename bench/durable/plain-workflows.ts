/** The peer's workflows: what a user of Temporal's TypeScript SDK writes. `app/_index.yaml` has the same in Lua. */
import { condition, defineSignal, proxyActivities, setHandler, sleep } from '@temporalio/workflow';

const { add } = proxyActivities<{ add(n: number): Promise<number> }>({
  startToCloseTimeout: '1 minute',
});

export async function hello(name: string): Promise<string> {
  await sleep(10);
  return `Hello, ${name}`;
}

/** Takes `count` signals. */
export async function inbox(count: number): Promise<number> {
  let sum = 0;
  let seen = 0;
  setHandler(defineSignal<[number]>('add'), (n) => {
    sum += n;
    seen++;
  });
  await condition(() => seen >= count);
  return sum;
}

/** Calls an activity `count` times, one after the other. */
export async function steps(count: number): Promise<number> {
  let n = 0;
  for (let i = 0; i < count; i++) n = await add(n);
  return n;
}
