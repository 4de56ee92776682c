/** Workflows with updates and queries that the server's specs run on a real worker. */
import { HandlerUnfinishedPolicy } from '@temporalio/common';
import * as wf from '@temporalio/workflow';
import type * as activities from '../support/activities.js';

const { echo } = wf.proxyActivities<typeof activities>({ startToCloseTimeout: '10s' });
const local = wf.proxyLocalActivities<typeof activities>({ startToCloseTimeout: '10s' });

const add = wf.defineUpdate<number, [string]>('add');
const slow = wf.defineUpdate<string, [string]>('slow');
const broken = wf.defineUpdate<void>('broken');
const forever = wf.defineUpdate<void>('forever');
const entries = wf.defineQuery<string[]>('entries');
const finish = wf.defineSignal('finish');
const again = wf.defineSignal('again');
const note = wf.defineSignal<[string]>('note');

/** Keeps a ledger until it is told to finish, or to go on in a new run. */
export async function ledger(kept: string[] = []): Promise<string[]> {
  const list = [...kept];
  let next: 'finish' | 'again' | undefined;
  wf.setHandler(
    add,
    (entry) => {
      list.push(entry);
      return list.length;
    },
    {
      validator(entry) {
        if (!entry) throw wf.ApplicationFailure.nonRetryable('an entry needs text', 'Empty');
      },
    },
  );
  wf.setHandler(slow, async (entry) => {
    const said = `${await echo(entry)} ${await local.echo('near')}`;
    await wf.sleep(10);
    list.push(said);
    return said;
  });
  wf.setHandler(broken, () => {
    throw wf.ApplicationFailure.nonRetryable('it broke', 'Broken', { code: 7 });
  });
  wf.setHandler(forever, () => wf.condition(() => false).then(() => {}), {
    unfinishedPolicy: HandlerUnfinishedPolicy.ABANDON,
  });
  wf.setHandler(entries, () => list);
  wf.setHandler(note, (text) => void list.push(text));
  wf.setHandler(finish, () => {
    next = 'finish';
  });
  wf.setHandler(again, () => {
    next = 'again';
  });
  await wf.condition(() => next !== undefined);
  if (next === 'again') await wf.continueAsNew<typeof ledger>(list);
  return list;
}

/** Has no handlers at all. */
export async function deaf(): Promise<void> {
  await wf.condition(() => false);
}
