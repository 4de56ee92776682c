/** `npm run bench -- NAME...`: JSON lines on stdout as they come, and a table when all is done. */
import { type Benchmark, type Figure, rounded, table } from './support/figure.js';

const BENCHMARKS: { readonly [name: string]: () => Promise<{ benchmark: Benchmark }> } = {
  actors: () => import('./actors/index.js'),
  orders: () => import('./orders.js'),
  durable: () => import('./durable/index.js'),
  lists: () => import('./lists.js'),
  server: () => import('./durable/server.js'),
  stored: () => import('./server/index.js'),
};

async function list(): Promise<void> {
  for (const [name, load] of Object.entries(BENCHMARKS)) {
    const { benchmark } = await load();
    console.log(`${name.padEnd(8)} ${benchmark.about}`);
  }
}

async function runOne({ name, goals, run }: Benchmark): Promise<string> {
  const figures: Figure[] = [];
  await run((measured) => {
    const figure: Figure = { bench: name, ...measured };
    const line = Object.fromEntries(
      Object.entries(figure).map(([key, v]) => [key, typeof v === 'number' ? rounded(v) : v]),
    );
    console.log(JSON.stringify(line));
    figures.push(line as unknown as Figure);
  });
  return table(figures, goals);
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(BENCHMARKS, name));
if (unknown.length > 0) {
  console.error(
    `no benchmark ${unknown.join(', ')}; there are: ${Object.keys(BENCHMARKS).join(', ')}`,
  );
  process.exit(64);
}
if (names.length === 0) await list();
const tables: string[] = [];
for (const name of names) {
  const load = BENCHMARKS[name];
  if (load !== undefined) tables.push(await runOne((await load()).benchmark));
}
if (tables.length > 0) console.log(`\n${tables.join('\n\n')}`);
// The SDK's native parts may keep the program alive after all is done.
process.exit(0);
