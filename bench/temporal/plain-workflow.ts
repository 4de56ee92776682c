/** The peer's hello: what a user of Temporal's TypeScript SDK writes. */
import { sleep } from '@temporalio/workflow';

export async function hello(name: string): Promise<string> {
  await sleep(10);
  return `Hello, ${name}`;
}
