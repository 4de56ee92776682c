/**
 * Counts the words it is sent, until it is asked for what it has.
 *
 * @param {import('perdure').ProcessContext} ctx
 */
export async function main(ctx) {
  const counts = {};
  for (;;) {
    const message = await ctx.receive();
    if (message.topic === 'report') {
      await ctx.send(message.from, 'counts', counts);
      return Object.keys(counts).length;
    }
    for (const word of message.first.split(' ')) counts[word] = (counts[word] ?? 0) + 1;
  }
}
