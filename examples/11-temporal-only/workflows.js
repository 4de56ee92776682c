import {
  condition,
  defineQuery,
  defineSignal,
  proxyActivities,
  setHandler,
  sleep,
} from '@temporalio/workflow';

const { sendMail, charge } = proxyActivities({ startToCloseTimeout: '1 minute' });

export const cancelTrial = defineSignal('cancel');
export const stageOfTrial = defineQuery('stage');

/** Thirty days for nothing; a reminder a week before they are over; then the first charge. */
export async function trial(customer) {
  let stage = 'trying';
  let cancelled = false;
  setHandler(stageOfTrial, () => stage);
  setHandler(cancelTrial, () => {
    cancelled = true;
  });

  if (!(await condition(() => cancelled, '23 days'))) {
    await sendMail(customer, 'your trial ends in a week');
    stage = 'reminded';
    await condition(() => cancelled, '7 days');
  }
  if (cancelled) {
    stage = 'cancelled';
    await sendMail(customer, 'goodbye');
    return { customer, charged: 0 };
  }
  const charged = await charge(customer, 20);
  stage = 'paying';
  await sleep('1 second'); // the receipt is to come after the charge
  await sendMail(customer, `thank you for ${charged}`);
  return { customer, charged };
}
