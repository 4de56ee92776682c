/** What the calls of a server came to: how many, with which code, and how long they took. */
import { statusName } from '../errors.js';
import type { Family, Sample } from './text.js';

/** Upper ends of the buckets, in seconds. Polls wait up to a minute. */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60];

class Latency {
  readonly buckets: number[] = BUCKETS_S.map(() => 0);
  sumS = 0;
  count = 0;

  take(seconds: number): void {
    const at = BUCKETS_S.findIndex((end) => seconds <= end);
    if (at >= 0) this.buckets[at] = (this.buckets[at] ?? 0) + 1;
    this.sumS += seconds;
    this.count += 1;
  }
}

export class CallMetrics {
  readonly #counts = new Map<string, Map<number, number>>();
  readonly #latencies = new Map<string, Latency>();

  take(method: string, code: number, tookMs: number): void {
    const counts = this.#counts.get(method) ?? new Map<number, number>();
    this.#counts.set(method, counts.set(code, (counts.get(code) ?? 0) + 1));
    const latency = this.#latencies.get(method) ?? new Latency();
    this.#latencies.set(method, latency);
    latency.take(tookMs / 1000);
  }

  families(): Family[] {
    return [
      {
        name: 'perdure_server_requests_total',
        help: 'Calls that are over, by method and gRPC status code.',
        type: 'counter',
        samples: [...this.#counts].flatMap(([method, codes]) =>
          [...codes].map(([code, value]) => ({
            name: 'perdure_server_requests_total',
            labels: { method, code: statusName(code) },
            value,
          })),
        ),
      },
      {
        name: DURATION,
        help: 'How long calls took, in seconds of real time; that of polls is mostly waiting.',
        type: 'histogram',
        samples: [...this.#latencies].flatMap(([method, latency]) => samplesOf(method, latency)),
      },
    ];
  }
}

const DURATION = 'perdure_server_request_duration_seconds';

function samplesOf(method: string, { buckets, sumS, count }: Latency): Sample[] {
  let below = 0;
  const cumulative = buckets.map((each, at) => {
    below += each;
    const le = String(BUCKETS_S[at]);
    return { name: `${DURATION}_bucket`, labels: { method, le }, value: below };
  });
  return [
    ...cumulative,
    { name: `${DURATION}_bucket`, labels: { method, le: '+Inf' }, value: count },
    { name: `${DURATION}_sum`, labels: { method }, value: sumS },
    { name: `${DURATION}_count`, labels: { method }, value: count },
  ];
}
